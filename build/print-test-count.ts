/**
 * Prints, from the test runner's own JSON report, each test that failed with its file and first line of error, then
 * `tests: N passed, N failed`, the last line of CI's output. A log that is kept only in part still says what broke.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { z } from 'zod';

const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numFailedTestSuites: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const [path = 'test-results/report.json'] = process.argv.slice(2);
const report = Report.parse(JSON.parse(readFileSync(path, 'utf8')));
const firstLine = (text: string) => text.split('\n', 1)[0]?.slice(0, 300) ?? '';
for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name);
  const broken = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of broken) {
    console.log(`failed: ${name}: ${fullName}: ${firstLine(failureMessages?.[0] ?? '')}`);
  }
  // A file that could not be loaded, or whose hook failed, has no failed test to name.
  if (file.status === 'failed' && broken.length === 0)
    console.log(`failed: ${name}: ${firstLine(file.message)}`);
}
const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
console.log(`tests: ${report.numPassedTests} passed, ${failed} failed`);
