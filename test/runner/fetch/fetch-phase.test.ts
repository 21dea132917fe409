/** fetch puts the base commit there, byte for byte and nothing else, within its limits, and waits for a gateway that is away. */
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import type { FakeGateway } from '../../fakes/fake-gateway.ts';
import { type FetchRound, openFetchRound } from '../../fixtures/fetch-round.ts';
import { commitAll, gitIn, LIMITS, type RunnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let round: FetchRound;
let box: RunnerSandbox;
let gateway: FakeGateway;
let repository: string;
beforeEach(async () => {
  round = await openFetchRound();
  ({ box, gateway, repository } = round);
});
afterEach(() => round.close());
const fetchBase = (...args: Parameters<FetchRound['fetchBase']>) => round.fetchBase(...args);
const source = (...parts: string[]) => box.path('source', ...parts);

test('exactly the base commit is there, without its past, and nothing else', async () => {
  writeFiles(repository, { 'a.txt': 'old' });
  const old = commitAll(repository);
  writeFiles(repository, { 'a.txt': 'new' });
  const base = commitAll(repository);
  await fetchBase(base);
  expect(gitIn(source(), 'rev-parse', 'HEAD')).toBe(base);
  expect(gitIn(source(), 'status', '--porcelain')).toBe('');
  expect(readFileSync(source('a.txt'), 'utf8')).toBe('new');
  expect(() => gitIn(source(), 'cat-file', '-e', old)).toThrow();
  expect(gateway.requests.every((request) => request.authorization === 'Bearer gbx_test')).toBe(true);
});

test('INC-09: no credential, address or remote is left in .git', async () => {
  writeFiles(repository, { 'a.txt': 'a' });
  await fetchBase(commitAll(repository));
  const pattern = 'gbx_|127\\.0\\.0\\.1|extraheader|remote';
  const left = spawnSync('grep', ['-rlaE', pattern, source('.git')], { encoding: 'utf8' }).stdout;
  expect(left).toBe('');
});

test('INC-09: counter-test, a clone by address does leave it behind', () => {
  writeFiles(repository, { 'a.txt': 'a' });
  commitAll(repository);
  execFileSync('git', ['clone', '-q', repository, box.path('plain')]);
  expect(readFileSync(box.path('plain/.git/config'), 'utf8')).toContain(repository);
});

describe('files are the blobs', () => {
  const bytes = Buffer.from('a\r\nb\n$Id$\r\n');

  test('whatever the tree says about line ends, ident, filters and encodings', async () => {
    writeFiles(repository, {
      'f.txt': bytes,
      'sub/g.txt': bytes,
      'evil.dat': bytes,
      'lfs.bin': 'version https://git-lfs.github.com/spec/v1\n',
    });
    commitAll(repository);
    const attributes =
      '*.txt text eol=crlf ident working-tree-encoding=UTF-16BE\n*.dat filter=evil\n*.bin filter=lfs diff=lfs merge=lfs\n';
    writeFiles(repository, { '.gitattributes': attributes, 'sub/.gitattributes': '* text eol=lf\n' });
    gitIn(repository, 'add', '.gitattributes', 'sub/.gitattributes');
    gitIn(repository, 'commit', '-qm', 'attributes');
    await fetchBase(gitIn(repository, 'rev-parse', 'HEAD'));
    for (const name of ['f.txt', 'sub/g.txt', 'evil.dat']) expect(readFileSync(source(name))).toEqual(bytes);
  });

  test('counter-test: a plain checkout converts them', () => {
    writeFiles(repository, { '.gitattributes': '*.txt text eol=crlf\n', 'f.txt': 'a\nb\n' });
    commitAll(repository);
    gitIn(repository, 'clone', '-q', '.', box.path('plain'));
    expect(readFileSync(box.path('plain/f.txt'), 'utf8')).toBe('a\r\nb\r\n');
  });

  test('links stay links, exec bits stay, odd names stay', async () => {
    writeFiles(repository, { 'run.sh': '#!/bin/sh\n', 'a b\n"c"': 'x', '-rf': 'y' });
    execFileSync('chmod', ['755', join(repository, 'run.sh')]);
    symlinkSync('/etc/passwd', join(repository, 'link'));
    writeFileSync(Buffer.concat([Buffer.from(`${repository}/`), Buffer.from([0xff])]), 'z');
    await fetchBase(commitAll(repository));
    expect(lstatSync(source('link')).isSymbolicLink()).toBe(true);
    expect(lstatSync(source('run.sh')).mode & 0o111).toBe(0o111);
    expect(readdirSync(Buffer.from(source()), { encoding: 'buffer' })).toContainEqual(Buffer.from([0xff]));
    expect(gitIn(source(), 'status', '--porcelain')).toBe('');
  });
});

describe('limits, before a file is written', () => {
  test.each([
    ['files', { ...LIMITS, files: 2 }, 'needs 3 files, the template has 2', 3],
    ['bytes', { ...LIMITS, diskBytes: 1_000_000 }, 'needs 0.0 GB', 1_200_004],
  ] as const)('%s', async (unit, limits, words, needs) => {
    writeFiles(repository, { a: 'a', b: 'b', c: Buffer.alloc(600_000) });
    await expect(fetchBase(commitAll(repository), limits)).rejects.toMatchObject({
      failure: {
        code: 'tree-unsupported',
        message: expect.stringContaining(words),
        facts: { tree: { unit, needs } },
      },
    });
    expect(readdirSync(source())).toEqual(['.git']);
  });
});

test('a commit that the gateway does not give is `fetch-failed`, with the reason', async () => {
  writeFiles(repository, { a: 'a' });
  commitAll(repository);
  await expect(fetchBase('0123456789'.repeat(4))).rejects.toMatchObject({
    failure: { code: 'fetch-failed', outputTail: expect.stringMatching(/not our ref|remote error/) },
  });
}, 30_000);

test('a gateway that is away is waited for longer than git would try', async () => {
  writeFiles(repository, { 'a.txt': 'a' });
  const base = commitAll(repository);
  const sleeps: number[] = [];
  // Each try of git is one request that finds nobody: more of them than its own failures would be forgiven.
  gateway.away = 7;
  const clock = {
    ...systemClock,
    sleep: async (ms: number) => void sleeps.push(ms),
  };
  await fetchBase(base, LIMITS, { ...box.context, clock });
  expect(gitIn(source(), 'rev-parse', 'HEAD')).toBe(base);
  expect(sleeps).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000]);
});

test('counter-test: what is refused, though the gateway is there, is tried five times', async () => {
  writeFiles(repository, { 'a.txt': 'a' });
  commitAll(repository);
  let tries = 0;
  const clock = {
    ...systemClock,
    sleep: async () => void tries++,
  };
  await expect(fetchBase('1'.repeat(40), LIMITS, { ...box.context, clock })).rejects.toMatchObject({
    failure: { code: 'fetch-failed' },
  });
  expect(tries).toBe(4);
});
