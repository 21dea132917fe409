/** The gates of one table each: what each one sees, what it lets pass, and with which effect. */
import { describe, expect, test } from 'vitest';
import { binaries } from '../../../src/result/gates/binaries.ts';
import { bulk } from '../../../src/result/gates/bulk.ts';
import { dependencies } from '../../../src/result/gates/dependencies.ts';
import { execBits } from '../../../src/result/gates/exec-bits.ts';
import { size } from '../../../src/result/gates/size.ts';
import { buildAttemptConfig } from '../../builders/attempt-config.ts';
import { symlink } from '../../builders/bundle.ts';
import { buildGateInput, seenBy, textFiles } from '../../builders/gate-input.ts';

const exec = { mode: '100755', bytes: '#!/bin/sh' } as const;

describe('size', () => {
  const config = buildAttemptConfig();
  const limits = { ...config.limits, changedFiles: 2, changedBytes: 10 };

  test.each([
    ['at both caps', { put: { a: '12345', b: '67890' } }, []],
    [
      'too many files, deletions counted',
      { base: { c: 'x' }, put: { a: '1', b: '2' }, delete: ['c'] },
      ['blocks -: 3 files changed, at most 2'],
    ],
    ['too many bytes', { put: { a: '12345678901' } }, ['blocks -: 11 bytes changed, at most 10']],
  ])('%s', (_what, spec, expected) => {
    expect(seenBy(size, spec, { ...config, limits })).toEqual(expected);
  });
});

describe('exec bits', () => {
  test.each([
    ['a new executable', { put: { a: exec } }, ['asks a: a new executable file']],
    ['one that became executable', { base: { a: 'x' }, put: { a: exec } }, ['asks a: became executable']],
    ['one that stays executable', { base: { a: { ...exec, bytes: 'old' } }, put: { a: exec } }, []],
    ['one that lost the bit', { base: { a: exec }, put: { a: 'x' } }, ['note a: is executable no longer']],
    ['a symlink', { put: { a: symlink('b') } }, ['note a: a symlink']],
    ['an ordinary file', { put: { a: 'x' } }, []],
    ['a deleted executable', { base: { a: exec }, delete: ['a'] }, []],
  ])('%s', (_what, spec, expected) => {
    expect(seenBy(execBits, spec)).toEqual(expected);
  });
});

describe('binaries', () => {
  const bytes = (...list: number[]) => ({ mode: '100644', bytes: Buffer.from(list) }) as const;

  test.each([
    ['text', { put: { a: 'text: ä' } }, []],
    ['a NUL byte', { put: { a: bytes(0x61, 0) } }, ['asks a: a binary file of 2 bytes']],
    ['no UTF-8', { put: { a: bytes(0xff, 0xfe) } }, ['asks a: a binary file of 2 bytes']],
    [
      'an ELF program, whatever its name',
      { put: { 'logo.png': bytes(0x7f, 0x45, 0x4c, 0x46, 0) } },
      ['blocks logo.png: an ELF program'],
    ],
    ['a zip', { put: { 'a.jar': bytes(0x50, 0x4b, 3, 4, 0xff) } }, ['blocks a.jar: a zip or jar archive']],
    ['a gzip', { put: { a: bytes(0x1f, 0x8b, 8) } }, ['blocks a: a gzip archive']],
    ['a deleted binary', { base: { a: bytes(0) }, delete: ['a'] }, []],
    ['a symlink', { put: { a: symlink('b') } }, []],
  ])('%s', (_what, spec, expected) => {
    expect(seenBy(binaries, spec)).toEqual(expected);
  });
});

describe('dependencies', () => {
  test.each([
    'package.json',
    'packages/a/package.json',
    'PACKAGE.JSON',
    'package-lock.json',
    'npm-shrinkwrap.json',
    'yarn.lock',
    'pnpm-lock.yaml',
    'bun.lockb',
    '.npmrc',
    'deno.lock',
    'pyproject.toml',
    'requirements.txt',
    'dev-requirements.in',
    'requirements/ci.txt',
    'setup.py',
    'poetry.lock',
    'uv.lock',
    'Pipfile.lock',
    'go.mod',
    'go.sum',
    'go.work',
    'Cargo.toml',
    'crates/a/Cargo.lock',
    '.cargo/config.toml',
    'pom.xml',
    'build.gradle',
    'app/build.gradle.kts',
    'gradle/libs.versions.toml',
    'gradle/wrapper/gradle-wrapper.jar',
    'Gemfile',
    'Gemfile.lock',
    'clock.gemspec',
    'composer.lock',
    'a.csproj',
    'Directory.Packages.props',
    'mix.lock',
    'pubspec.yaml',
    'Package.swift',
    'flake.lock',
    'MODULE.bazel',
    '.gitmodules',
  ])('%s blocks whatever the configuration allows', (path) => {
    const config = buildAttemptConfig({ allowedPaths: ['**', path] });
    expect(dependencies(buildGateInput(textFiles(path), { config }))).toEqual([
      expect.objectContaining({ path, effect: 'blocks', code: 'gate-blocked' }),
    ]);
  });

  test('a deleted lockfile blocks as well', () => {
    expect(seenBy(dependencies, { base: { 'yarn.lock': 'x' }, delete: ['yarn.lock'] })).toEqual([
      'blocks yarn.lock: a Node manifest or lockfile, deleted',
    ]);
  });

  test.each(['src/package.ts', 'docs/requirements.md', 'src/lock.go', 'cargo.ts', 'src/gemfile.rb'])(
    '%s passes',
    (path) => {
      expect(seenBy(dependencies, textFiles(path))).toEqual([]);
    },
  );
});

describe('bulk', () => {
  test.each([
    ['an ordinary file', { put: { 'src/a.ts': 'const a = 1;\n' } }, []],
    ['vendored code', { put: { 'vendor/a.go': 'x' } }, ['asks vendor/a.go: a vendored file']],
    [
      'node_modules in any case',
      { put: { 'Node_Modules/a.js': 'x' } },
      ['asks Node_Modules/a.js: a vendored file'],
    ],
    ['a build product', { put: { 'dist/a.js': 'x' } }, ['asks dist/a.js: a build product']],
    ['minified code by name', { put: { 'a.min.js': 'x' } }, ['asks a.min.js: a build product']],
    [
      'minified code by its lines',
      { put: { 'a.js': 'x'.repeat(6_000) } },
      ['asks a.js: an added line of over 5000 characters'],
    ],
    [
      'generated code',
      { put: { 'a.go': '// Code generated by x. DO NOT EDIT.\n' } },
      ['asks a.go: a generated file, by its own words'],
    ],
    ['many lines', { put: { 'a.txt': 'a\n'.repeat(5_001) } }, ['asks a.txt: 5001 added lines']],
    ['deleted bulk', { base: { 'vendor/a.go': 'x' }, delete: ['vendor/a.go'] }, []],
    [
      'a long line that the base holds',
      { base: { a: `${'x'.repeat(6_000)}\n` }, put: { a: `${'x'.repeat(6_000)}\ny\n` } },
      [],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(seenBy(bulk, spec)).toEqual(expected);
  });
});
