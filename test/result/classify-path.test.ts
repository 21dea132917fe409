/** Source or tests, one table per ecosystem, and spelling tricks. */
import { describe, expect, test } from 'vitest';
import { classifyPath, harnessPaths, type PathKind } from '../../src/result/classify-path.ts';

const TABLES: Readonly<Record<string, readonly (readonly [string, PathKind])[]>> = {
  node: [
    ['src/parse-duration.ts', 'source'],
    ['src/job-spec.ts', 'source'],
    ['src/latest.js', 'source'],
    ['lib/contest/index.mjs', 'source'],
    ['src/parse-duration.test.ts', 'test'],
    ['src/app.spec.tsx', 'test'],
    ['src/format_test.js', 'test'],
    ['src/__tests__/format.js', 'test'],
    ['test/format.mjs', 'test'],
    ['cypress/e2e/login.cy.js', 'test'],
    ['package.json', 'harness'],
    ['packages/a/package.json', 'harness'],
    ['package-lock.json', 'harness'],
    ['pnpm-workspace.yaml', 'harness'],
    ['vitest.config.ts', 'harness'],
    ['jest.config.cjs', 'harness'],
    ['tsconfig.build.json', 'harness'],
    ['scripts/test.js', 'harness'],
    ['.mocharc.json', 'harness'],
    ['.husky/pre-commit', 'harness'],
    ['src/__snapshots__/a.test.ts.snap', 'fixture'],
    ['test/fixtures/input.json', 'fixture'],
    ['src/__mocks__/fs.ts', 'fixture'],
  ],
  python: [
    ['clock/duration.py', 'source'],
    ['clock/tasks.py', 'source'],
    ['clock/attest.py', 'source'],
    ['clock/test_duration.py', 'test'],
    ['clock/duration_test.py', 'test'],
    ['clock/tests.py', 'test'],
    ['tests/helpers.py', 'test'],
    ['clock/conftest.py', 'harness'],
    ['sitecustomize.py', 'harness'],
    ['clock.pth', 'harness'],
    ['tasks.py', 'harness'],
    ['pyproject.toml', 'harness'],
    ['requirements-dev.txt', 'harness'],
    ['requirements/base.txt', 'harness'],
    ['tox.ini', 'harness'],
    ['poetry.lock', 'harness'],
  ],
  go: [
    ['clock/duration.go', 'source'],
    ['clock/duration_test.go', 'test'],
    ['clock/testdata/a.golden', 'fixture'],
    ['go.mod', 'harness'],
    ['go.sum', 'harness'],
    ['vendor/modules.txt', 'harness'],
  ],
  rust: [
    ['src/lib.rs', 'source'],
    ['tests/duration.rs', 'test'],
    ['src/tests.rs', 'test'],
    ['Cargo.toml', 'harness'],
    ['build.rs', 'harness'],
    ['.cargo/config.toml', 'harness'],
    ['src/snapshots/a.snap', 'fixture'],
  ],
  java: [
    ['src/main/java/Audit.java', 'source'],
    ['src/main/java/Latest.java', 'source'],
    ['src/main/kotlin/Commit.kt', 'source'],
    ['src/test/java/DurationTest.java', 'test'],
    ['app/DurationTests.java', 'test'],
    ['app/TestDuration.java', 'test'],
    ['app/DurationIT.java', 'test'],
    ['src/androidTest/kotlin/A.kt', 'test'],
    ['pom.xml', 'harness'],
    ['app/build.gradle.kts', 'harness'],
    ['gradle/wrapper/gradle-wrapper.properties', 'harness'],
    ['gradlew', 'harness'],
  ],
  ruby: [
    ['lib/duration.rb', 'source'],
    ['spec/duration_spec.rb', 'test'],
    ['lib/duration_spec.rb', 'test'],
    ['test/test_duration.rb', 'test'],
    ['features/clock.feature', 'test'],
    ['spec/spec_helper.rb', 'harness'],
    ['Gemfile', 'harness'],
    ['clock.gemspec', 'harness'],
    ['Rakefile', 'harness'],
    ['lib/tasks/clock.rake', 'harness'],
  ],
  generic: [
    ['src/größe.c', 'source'],
    ['README.md', 'source'],
    ['src/tools/bash.ts', 'source'],
    ['Makefile', 'harness'],
    ['docker/Dockerfile.test', 'harness'],
    ['run.sh', 'harness'],
    ['run-tests.mjs', 'harness'],
    ['tools/gen.c', 'harness'],
    ['.env', 'harness'],
    ['phpunit.xml.dist', 'harness'],
    ['Directory.Build.props', 'harness'],
  ],
};

describe.each(Object.entries(TABLES))('%s', (_ecosystem, rows) => {
  test.each(rows)('%s is %s', (path, kind) => {
    const seen = classifyPath(path);
    expect(seen.kind).toBe(kind);
    expect(seen.side).toBe(kind === 'source' ? 'source' : 'tests');
    expect(seen.reason).toMatch(/^\w+: \S/);
  });
});

describe('spelling tricks count as tests', () => {
  test.each([
    ['upper case', 'TEST/Format.MJS'],
    ['mixed case', 'PaCkAgE.JsOn'],
    ['full-width letters', 'src/ｐackage.ts'],
    ['an invisible character', 'src/a\u200b.ts'],
    ['a ligature', 'src/\ufb01le.ts'],
    ['a trailing dot', 'package.json.'],
  ])('%s: %s', (_trick, path) => {
    expect(classifyPath(path).side).toBe('tests');
  });
});

test('harnessPaths keeps those that count as tests, in their order', () => {
  expect(harnessPaths(['src/a.ts', 'test/a.test.ts', 'package.json', 'src/b.ts'])).toEqual([
    'test/a.test.ts',
    'package.json',
  ]);
});
