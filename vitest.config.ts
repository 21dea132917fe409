import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // many suites wait (for leases, processes, a database) more than they compute
    maxWorkers: 4,
    reporters: ['default', ['json', { outputFile: 'test-results/report.json' }]],
  },
});
