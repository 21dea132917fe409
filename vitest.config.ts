import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // suites start processes of their own: more workers than this starve them on two cores
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: 'test-results/report.json' }]],
  },
});
