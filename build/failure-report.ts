/**
 * A reporter of the test runner's: writes what failed into `test-results/failures.txt`, for logs that are kept only in
 * part. The runner's JSON report does not say why a hook failed, and names no test then.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

const FOLDER = 'test-results';
/** What one failure may say, in characters. */
const MAX_SAID = 1_500;

/** Lines such as `failed: test/x.test.ts: suite > test: Error: expected 1 to be 2`, or an empty file. */
export default class FailureReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const lines = [
      ...modules.flatMap(failuresOf),
      ...unhandled.map((error) => `failed: outside of any test: ${said(error)}`),
    ];
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${FOLDER}/failures.txt`, lines.map((line) => `${line}\n`).join(''));
  }
}

/** Of the file itself, of its suites' hooks, of its tests. */
function failuresOf(module: TestModule): string[] {
  const path = relative(process.cwd(), module.moduleId);
  const line = (name: string, error: SerializedError): string => `failed: ${path}: ${name}${said(error)}`;
  const suites = [...module.children.allSuites()].flatMap((suite) =>
    suite.errors().map((error) => line(`${suite.fullName} (a hook): `, error)),
  );
  const tests = [...module.children.allTests('failed')].flatMap((test) =>
    (test.result().errors ?? []).map((error) => line(`${test.fullName}: `, error)),
  );
  const unfinished = ['pending', 'queued'].includes(module.state())
    ? [`failed: ${path}: it did not end, its worker may have died`]
    : [];
  return [...module.errors().map((error) => line('', error)), ...unfinished, ...suites, ...tests];
}

/** With the errors that caused it, as the outermost often says least. */
function said(error: SerializedError): string {
  const { name = 'Error', message, cause } = error;
  // another reporter may have put this before the name already
  const own = `${name.replace('Caused by: ', '')}: ${message}`;
  return (cause ? `${own}, caused by ${said(cause)}` : own).slice(0, MAX_SAID);
}
