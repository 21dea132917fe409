import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/fixtures/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    reporters: ['default', ['json', { outputFile: 'test-results/report.json' }], './build/failure-report.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'machine',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**'],
          // suites start processes of their own: more workers than this starve them on two cores
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          // one cluster with names that only one suite can use at a time
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
