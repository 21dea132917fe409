import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FetchSpec } from '../../../src/result/contract/phase-spec.ts';
import { runFetch } from '../../../src/runner/fetch/fetch-phase.ts';
import { gitEnv } from '../../../src/runner/fetch/git-command.ts';
import type { PhaseContext } from '../../../src/runner/phase-context.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { FakeGateway } from '../../fakes/fake-gateway.ts';
import {
  commitAll,
  gitIn,
  LIMITS,
  type RunnerSandbox,
  runnerSandbox,
  writeFiles,
} from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let gateway: FakeGateway;
let repository: string;
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  box = runnerSandbox({ gateway: { socketPath: gateway.socketPath }, tokenFile: gateway.tokenFile });
  repository = box.path('repository');
  gateway.gitFolder = join(repository, '.git');
});
afterEach(async () => {
  box.remove();
  await gateway.close();
});

function fetchBase(baseSha: string, limits = LIMITS, context: PhaseContext = box.context): Promise<void> {
  const spec: FetchSpec = {
    phase: 'fetch',
    taskId: 't',
    job: 'gb',
    limits,
    gitPath: '/git/repo.git',
    baseSha,
  };
  return runFetch(context, spec);
}

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

describe('INC-09, INC-18: nothing of the tree or the machine runs', () => {
  test('hooks and configuration of the home folder are not used', async () => {
    const evil = `touch ${box.path('ran')}`;
    writeFiles(box.path('home'), {
      '.gitconfig': `[core]\n\thooksPath = ${box.path('home/hooks')}\n\tfsmonitor = ${evil}\n[init]\n\ttemplateDir = ${box.path('home/template')}\n[filter "evil"]\n\tsmudge = ${evil}; cat\n`,
      'hooks/post-checkout': `#!/bin/sh\n${evil}\n`,
      'template/hooks/post-checkout': `#!/bin/sh\n${evil}\n`,
    });
    execFileSync('chmod', ['-R', '755', box.path('home')]);
    writeFiles(repository, { 'a.dat': 'a', '.gitattributes': '*.dat filter=evil\n' });
    await fetchBase(commitAll(repository));
    expect(existsSync(box.path('ran'))).toBe(false);
    expect(existsSync(source('.git/hooks'))).toBe(false);
    // Counter-test: the same home folder does act on a plain git.
    execFileSync('git', ['clone', '-q', repository, box.path('plain')], {
      env: { PATH: process.env['PATH'], HOME: box.path('home') },
    });
    expect(existsSync(box.path('ran'))).toBe(true);
  });

  test('submodules are not fetched, whatever address they name', async () => {
    writeFiles(repository, { 'a.txt': 'a' });
    const inner = commitAll(repository);
    writeFiles(repository, {
      '.gitmodules': `[submodule "s"]\n\tpath = s\n\turl = ext::sh -c touch% ${box.path('ran')}\n`,
    });
    gitIn(repository, 'add', '.gitmodules');
    gitIn(repository, 'update-index', '--add', '--cacheinfo', `160000,${inner},s`);
    gitIn(repository, 'commit', '-qm', 'submodule');
    await fetchBase(gitIn(repository, 'rev-parse', 'HEAD'));
    expect(existsSync(box.path('ran'))).toBe(false);
    expect(readdirSync(source('s'))).toEqual([]);
  });

  test.each(['ext::sh -c touch% ran', 'file:///etc', 'ssh://localhost/x', 'git://localhost/x'])(
    'the transport of %s is off',
    (address) => {
      const env = gitEnv({ path: process.env['PATH'] ?? '', home: box.path('home') });
      expect(() => execFileSync('git', ['ls-remote', address], { env, stdio: 'pipe' })).toThrow(
        /not allowed/,
      );
    },
  );
});

describe('INC-18, counter-test: a git that is left to its own configuration', () => {
  test.each([
    ['runs the address of a submodule', ['clone', '-q', '--recurse-submodules']],
    ['runs the address that it is given', ['ls-remote']],
  ])('%s', (_what, command) => {
    const address = `ext::sh -c touch% ${box.path('ran')}`;
    writeFiles(box.path('home'), { '.gitconfig': '[protocol "ext"]\n\tallow = always\n' });
    writeFiles(repository, { 'a.txt': 'a' });
    const inner = commitAll(repository);
    writeFiles(repository, { '.gitmodules': `[submodule "s"]\n\tpath = s\n\turl = ${address}\n` });
    gitIn(repository, 'add', '.gitmodules');
    gitIn(repository, 'update-index', '--add', '--cacheinfo', `160000,${inner},s`);
    gitIn(repository, 'commit', '-qm', 'submodule');
    const target = command[0] === 'clone' ? [repository, box.path('plain')] : [address];
    spawnSync('git', [...command, ...target], { env: { PATH: process.env['PATH'], HOME: box.path('home') } });
    expect(existsSync(box.path('ran'))).toBe(true);
  });
});

describe('INC-07: a name that is a command', () => {
  const ran = () => box.path('ran');
  const names = {
    option: () => `--upload-pack=touch ${ran()}; git-upload-pack`,
    substitution: () => `$(touch ${ran()})`,
    'ideographic space': () => `main\u3000;touch ${ran()}`,
    lines: () => `main\ntouch ${ran()}`,
  };
  const kinds = ['option', 'substitution', 'ideographic space', 'lines'] as const;
  beforeEach(() => {
    writeFiles(repository, { 'a.txt': 'a' });
    commitAll(repository);
  });

  test.each(kinds)(
    '%s: is no commit for the contract, and runs nothing where it got past it',
    async (kind) => {
      const valid = { phase: 'fetch', taskId: 't', job: 'gb', limits: LIMITS, gitPath: '/git/repo.git' };
      expect(FetchSpec.safeParse({ ...valid, baseSha: 'a'.repeat(40) }).success).toBe(true);
      expect(FetchSpec.safeParse({ ...valid, baseSha: names[kind]() }).success).toBe(false);
      const hasty = { ...box.context, clock: { ...systemClock, sleep: async () => {} } };
      await expect(fetchBase(names[kind](), LIMITS, hasty)).rejects.toMatchObject({
        failure: { code: 'fetch-failed' },
      });
      expect(existsSync(ran())).toBe(false);
    },
  );

  test('counter-test: an option without `--end-of-options` before it runs its command', () => {
    const remote = `file://${repository}`;
    const fetchOf = (...args: string[]) =>
      spawnSync('git', ['-C', box.path('plain'), 'fetch', ...args], { encoding: 'utf8' });
    execFileSync('git', ['init', '-q', box.path('plain')]);
    fetchOf('--end-of-options', remote, names.option());
    expect(existsSync(ran())).toBe(false);
    fetchOf(remote, names.option());
    expect(existsSync(ran())).toBe(true);
  });

  test.each(['substitution', 'ideographic space', 'lines'] as const)(
    'counter-test: %s runs in a line of shell',
    (kind) => {
      spawnSync('sh', ['-c', `git -C ${repository} rev-parse ${names[kind]()}`]);
      expect(existsSync(ran())).toBe(true);
    },
  );
});

describe('limits, before a file is written', () => {
  test.each([
    ['files', { ...LIMITS, files: 2 }, 'needs 3 files, the template has 2'],
    ['bytes', { ...LIMITS, diskBytes: 1_000_000 }, 'needs 0.0 GB'],
  ])('%s', async (_name, limits, words) => {
    writeFiles(repository, { a: 'a', b: 'b', c: Buffer.alloc(600_000) });
    await expect(fetchBase(commitAll(repository), limits)).rejects.toMatchObject({
      failure: { code: 'tree-unsupported', message: expect.stringContaining(words) },
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
