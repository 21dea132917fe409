/** Prints `tests: N passed, N failed` from the test runner's own JSON report: the last line of CI's output. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numFailedTestSuites: z.int(),
});

const [path = 'test-results/report.json'] = process.argv.slice(2);
const report = Report.parse(JSON.parse(readFileSync(path, 'utf8')));
// A file that could not be loaded, or whose hook failed, has no failed test to count.
const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
console.log(`tests: ${report.numPassedTests} passed, ${failed} failed`);
