/** The git of fetch runs nothing: not what the tree says, not what the machine configures, not a name that is a command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FetchSpec } from '../../../src/result/contract/phase-spec.ts';
import { gitEnv } from '../../../src/runner/fetch/git-command.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type FetchRound, openFetchRound } from '../../fixtures/fetch-round.ts';
import { commitAll, gitIn, LIMITS, type RunnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let round: FetchRound;
let box: RunnerSandbox;
let repository: string;
beforeEach(async () => {
  round = await openFetchRound();
  ({ box, repository } = round);
});
afterEach(() => round.close());
const fetchBase = (...args: Parameters<FetchRound['fetchBase']>) => round.fetchBase(...args);
const source = (...parts: string[]) => box.path('source', ...parts);

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
