import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChangeSet } from '../../../src/result/contract/change-set.ts';
import { collectChangeSet, takeBaseline } from '../../../src/runner/change-set/collect-change-set.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let work: string;
beforeEach(() => {
  box = runnerSandbox();
  work = box.path('prepared');
});
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwX', box.root]);
  box.remove();
});

const BASE = {
  'a.txt': 'a',
  'src/b.txt': 'b',
  'run.sh': '#!/bin/sh\n',
  '.gitignore': '*.log\n/build/\n!keep.log\n',
};

/** The base, what setup does to the copy, then what the agent does. */
async function changeSet(
  agent: () => void | Promise<void>,
  setup: () => void = () => {},
): Promise<ChangeSet> {
  for (const root of [box.path('source'), work]) {
    writeFiles(root, BASE);
    chmodSync(join(root, 'run.sh'), 0o755);
    symlinkSync('a.txt', join(root, 'link'));
  }
  mkdirSync(box.path('source/.git'));
  writeFiles(work, { '.git/config': 'anything' });
  setup();
  const baseline = await takeBaseline(box.path('source'), work, 'c'.repeat(40));
  await agent();
  return ChangeSet.parse(await collectChangeSet(baseline));
}

const put = (path: string, text: string, mode = '100644') => ({
  op: 'put',
  path,
  mode,
  contentBase64: Buffer.from(text).toString('base64'),
});
const gone = (path: string) => ({ op: 'delete', path });
const at = (path: string) => join(work, path);

describe('what an agent does', () => {
  const swap = (path: string, make: () => void) => () => {
    rmSync(at(path));
    make();
  };

  test.each<[string, () => void, unknown[]]>([
    ['nothing', () => {}, []],
    ['a new file', () => writeFiles(work, { 'new/n.txt': 'n' }), [put('new/n.txt', 'n')]],
    ['an edit', () => writeFiles(work, { 'a.txt': 'A' }), [put('a.txt', 'A')]],
    ['a deletion', () => rmSync(at('src'), { recursive: true }), [gone('src/b.txt')]],
    ['a rename', () => renameSync(at('a.txt'), at('z.txt')), [gone('a.txt'), put('z.txt', 'a')]],
    ['an exec bit', () => chmodSync(at('a.txt'), 0o755), [put('a.txt', 'a', '100755')]],
    ['a lost exec bit', () => chmodSync(at('run.sh'), 0o644), [put('run.sh', '#!/bin/sh\n')]],
    ['a new link', () => symlinkSync('/etc/passwd', at('p')), [put('p', '/etc/passwd', '120000')]],
    [
      "a link in a file's place",
      swap('a.txt', () => symlinkSync('run.sh', at('a.txt'))),
      [put('a.txt', 'run.sh', '120000')],
    ],
    [
      'a link to a folder, not followed',
      () => symlinkSync('/etc', at('etc')),
      [put('etc', '/etc', '120000')],
    ],
    ['a hard link, carried as its content', () => linkSync(at('a.txt'), at('h')), [put('h', 'a')]],
    [
      "a folder in a file's place",
      swap('a.txt', () => writeFiles(work, { 'a.txt/x': 'x' })),
      [gone('a.txt'), put('a.txt/x', 'x')],
    ],
    ['an empty folder, which git does not know', () => mkdirSync(at('empty')), []],
    ['what it does inside .git', () => writeFiles(work, { '.git/hooks/pre-commit': 'evil' }), []],
    [
      'names with newline, quote, accents in both forms',
      () => writeFiles(work, { 'a\nb': '', "it's": '', 'e\u0301': '', é: '' }),
      [put('a\nb', ''), put('e\u0301', ''), put("it's", ''), put('é', '')],
    ],
    [
      'an edit of the same size with an old time',
      () =>
        execFileSync('sh', ['-c', 'cp -p a.txt t; printf Z > a.txt; touch -r t a.txt; rm t'], { cwd: work }),
      [put('a.txt', 'Z')],
    ],
  ])('%s', async (_name, agent, entries) => {
    expect((await changeSet(agent)).entries).toEqual(entries);
  });

  test('bytes are kept as they are', async () => {
    const bytes = Buffer.from([0, 13, 10, 255, 254, 10]);
    const { entries } = await changeSet(() => writeFileSync(at('bin'), bytes));
    expect(entries).toEqual([
      { op: 'put', path: 'bin', mode: '100644', contentBase64: bytes.toString('base64') },
    ]);
  });
});

describe('ignore rules', () => {
  test('new files that the base ignores are left out and counted', async () => {
    const { entries, ignoredFiles } = await changeSet(() =>
      writeFiles(work, {
        'x.log': '',
        'build/out/y': '',
        'build/z': '',
        'keep.log': 'k',
        'src/build/q': 'q',
      }),
    );
    expect(entries).toEqual([put('keep.log', 'k'), put('src/build/q', 'q')]);
    expect(ignoredFiles).toBe(3);
  });

  test('INC-06: an ignore rule that the agent writes hides nothing', async () => {
    const { entries } = await changeSet(() => writeFiles(work, { '.gitignore': '*\n', 'evil.txt': 'e' }));
    expect(entries.map((entry) => entry.path)).toEqual(['.gitignore', 'evil.txt']);
  });

  test('counter-test: the same kind of rule in the base does leave a file out', async () => {
    const { entries } = await changeSet(() => writeFiles(work, { 'evil.log': 'e' }));
    expect(entries).toEqual([]);
  });
});

describe('what setup did', () => {
  const setup = () =>
    writeFiles(work, { 'a.txt': 'by setup', 'made/by-setup': 's', 'src/b.txt': 'by setup' });

  test('is left out, and tracked files that it altered are named', async () => {
    const result = await changeSet(() => {}, setup);
    expect(result).toMatchObject({ entries: [], setupAltered: ['a.txt', 'src/b.txt'] });
  });

  test("is the agent's once it touches it", async () => {
    const agent = () => writeFiles(work, { 'a.txt': 'by agent', 'made/by-setup': 'mine' });
    const result = await changeSet(agent, setup);
    expect(result.entries).toEqual([put('a.txt', 'by agent'), put('made/by-setup', 'mine')]);
    expect(result.setupAltered).toEqual(['src/b.txt']);
  });

  test('put back to the base by the agent is no change', async () => {
    expect((await changeSet(() => writeFiles(work, { 'a.txt': 'a' }), setup)).entries).toEqual([]);
  });
});

describe('what no change set can carry is refused by name', () => {
  const rawName = () => Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x66, 0xff])]);
  const many = (count: number, bytes: number) => () => {
    for (let n = 0; n < count; n++) writeFileSync(at(`f${n}`), Buffer.alloc(bytes, n));
  };
  const fifo = (path: string) => () => {
    rmSync(at(path), { force: true });
    execFileSync('mkfifo', [at(path)]);
  };

  test.each<[string, () => void, RegExp]>([
    ['a FIFO, which would hang a reader', fifo('p'), /'p' is a FIFO/],
    ["a FIFO in a file's place", fifo('a.txt'), /'a.txt' is a FIFO/],
    [
      'a nested repository',
      () => writeFiles(work, { 'vendor/.git/config': '' }),
      /'vendor\/.git' is a nested .git/,
    ],
    ['one in other case', () => writeFiles(work, { 'vendor/.GIT/config': '' }), /nested .git/],
    ['a name that is not UTF-8', () => writeFileSync(rawName(), ''), /not UTF-8/],
    [
      'a file of 6 MB',
      () => writeFileSync(at('big'), Buffer.alloc(6 * 1024 * 1024)),
      /'big' of 6291456 bytes/,
    ],
    ['28 MB in sum', many(7, 4 * 1024 * 1024), /changed bytes/],
    ['2,001 files', many(2_001, 1), /2001 changed files/],
  ])('%s', async (_name, agent, words) => {
    const message = expect.stringMatching(words);
    await expect(changeSet(agent)).rejects.toMatchObject({
      failure: { code: 'change-set-refused', message },
    });
  });

  test('a socket', async () => {
    const server = createServer();
    try {
      const listen = () => new Promise<void>((resolve) => server.listen(at('s'), resolve));
      await expect(changeSet(listen)).rejects.toThrow("'s' is a socket");
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('but where it is ignored or setup made it, it does no harm', async () => {
    const setup = () => writeFiles(work, { 'tool/.git/config': '' });
    const agent = () => writeFiles(work, { 'build/dep/.git/config': '' });
    expect((await changeSet(agent, setup)).entries).toEqual([]);
  });
});
