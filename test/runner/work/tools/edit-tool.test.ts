import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBoundedOutput } from '../../../../src/runner/work/tools/bounded-output.ts';
import { editTool } from '../../../../src/runner/work/tools/edit-tool.ts';
import { searchContentTool, searchFilesTool } from '../../../../src/runner/work/tools/search-tools.ts';
import type { ToolDeps } from '../../../../src/runner/work/tools/tool.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let deps: ToolDeps;
beforeEach(() => {
  box = runnerSandbox();
  deps = {
    workspace: box.path('prepared'),
    env: { PATH: process.env['PATH'] ?? '' },
    output: createBoundedOutput(box.path('tmp')),
    maxOutputBytes: 1_000_000,
    commandTimeoutMs: 10_000,
  };
  writeFiles(box.path('prepared'), {
    'src/a.ts': 'one\ntwo\nthree\n',
    'b.md': 'text\n',
    'node_modules/x/i.js': 'two\n',
    '.git/c': 'two\n',
  });
});
afterEach(() => box.remove());

const signal = new AbortController().signal;
const edit = (input: unknown) => editTool(deps).run(input, signal);
const text = (path: string) => readFileSync(box.path('prepared', path), 'utf8');

test('view shows lines with numbers, a range of them, and folders', async () => {
  expect((await edit({ command: 'view', path: 'src/a.ts' })).text).toBe(
    '     1\tone\n     2\ttwo\n     3\tthree\n     4\t',
  );
  expect(
    (await edit({ command: 'view', path: box.path('prepared/src/a.ts'), view_range: [2, 2] })).text,
  ).toBe('     2\ttwo');
  expect((await edit({ command: 'view', path: 'src/a.ts', view_range: [3, -1] })).text).toContain('three');
  expect((await edit({ command: 'view', path: '.' })).text).toBe(
    '.git/\nb.md\nnode_modules/\nsrc/\nsrc/a.ts',
  );
});

test('create, str_replace and insert write what they say', async () => {
  await edit({ command: 'create', path: 'new/c.txt', file_text: 'x' });
  await edit({ command: 'str_replace', path: 'src/a.ts', old_str: 'two', new_str: '$& $1' });
  await edit({ command: 'insert', path: 'src/a.ts', insert_line: 0, insert_text: 'zero\n' });
  expect([text('new/c.txt'), text('src/a.ts')]).toEqual(['x', 'zero\none\n$& $1\nthree\n']);
});

test('bytes around an edit are kept: CRLF, a byte order mark, the mode, no newline at the end', async () => {
  writeFileSync(box.path('prepared/w'), '\ufeffa\r\nb\r\nc');
  chmodSync(box.path('prepared/w'), 0o755);
  await edit({ command: 'str_replace', path: 'w', old_str: 'b\r\n', new_str: 'B\r\n' });
  expect(text('w')).toBe('\ufeffa\r\nB\r\nc');
  expect(statSync(box.path('prepared/w')).mode & 0o777).toBe(0o755);
});

test.each([
  [
    'a text that is not there',
    { command: 'str_replace', path: 'src/a.ts', old_str: 'four', new_str: '' },
    'does not occur',
  ],
  [
    'a text that is there twice',
    { command: 'str_replace', path: 'src/a.ts', old_str: 'e\n', new_str: '' },
    'occurs 2 times',
  ],
  [
    'a line beyond the end',
    { command: 'insert', path: 'src/a.ts', insert_line: 9, insert_text: 'x' },
    'has 4 lines',
  ],
  ['a range beyond the end', { command: 'view', path: 'src/a.ts', view_range: [9, 10] }, 'has 4 lines'],
  ['a file that is missing', { command: 'view', path: 'nope' }, 'ENOENT'],
  ['a folder', { command: 'str_replace', path: 'src', old_str: 'x', new_str: 'y' }, 'not a regular file'],
  ['an unknown command', { command: 'undo_edit', path: 'b.md' }, 'Invalid input'],
  ['no path', { command: 'view' }, 'Invalid input'],
])('%s is answered with what to do', async (_name, input, words) => {
  const answer = await edit(input);
  expect(answer).toMatchObject({ isError: true, text: expect.stringContaining(words) });
});

test('binary files are left to bash', async () => {
  writeFileSync(box.path('prepared/bin'), Buffer.from([0xff, 0xfe, 0]));
  expect((await edit({ command: 'view', path: 'bin' })).text).toContain('not UTF-8');
});

describe('INC-09: paths that leave the workspace', () => {
  beforeEach(() => {
    writeFiles(box.root, { 'outside/secret': 'secret', 'prepared-not/x': 'x' });
    symlinkSync(box.path('outside'), box.path('prepared/linked'));
    symlinkSync(box.path('outside/secret'), box.path('prepared/file'));
    symlinkSync(box.path('outside/none'), box.path('prepared/dangling'));
    symlinkSync('loop', box.path('prepared/loop'));
  });

  test.each([
    '../outside/secret',
    'src/../../outside/secret',
    '/etc/hostname',
    'linked/secret',
    'linked/new',
    'file',
    'dangling',
    'dangling/x',
    'loop',
    '../prepared-not/x',
    'a\0b',
  ])('%j', async (path) => {
    for (const command of ['view', 'create', 'str_replace'] as const) {
      const answer = await edit({ command, path, file_text: 'evil', old_str: 'secret', new_str: 'evil' });
      expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('is outside') });
    }
    expect(readFileSync(box.path('outside/secret'), 'utf8')).toBe('secret');
    expect(existsSync(box.path('outside/none')) || existsSync(box.path('outside/new'))).toBe(false);
  });

  test('counter-test: the file system itself follows these links', () => {
    writeFileSync(box.path('prepared/linked/new'), 'evil');
    expect(readFileSync(box.path('outside/new'), 'utf8')).toBe('evil');
  });
});

describe('search', () => {
  const files = (pattern: string) => searchFilesTool(deps).run({ pattern }, signal);
  const content = (input: unknown) => searchContentTool(deps).run(input, signal);

  test.each([
    ['*.ts', 'src/a.ts'],
    ['src/**', 'src/a.ts'],
    ['**/*.md', 'b.md'],
    ['b.md', 'b.md'],
    ['*.py', "No file matches '*.py'."],
  ])('search_files %s', async (pattern, expected) => {
    expect((await files(pattern)).text).toBe(expected);
  });

  test.each([
    [{ pattern: '^t[wx]o$' }, 'src/a.ts:2:two'],
    [{ pattern: 'two', path: 'src' }, 'src/a.ts:2:two'],
    [{ pattern: 'two', path: 'src/a.ts' }, '2:two'],
    [{ pattern: 'four' }, "No line matches 'four'."],
    [{ pattern: '-e' }, "No line matches '-e'."],
  ])('search_content %o', async (input, expected) => {
    expect((await content(input)).text).toContain(expected);
  });

  test('a broken pattern and a path outside are answered', async () => {
    expect(await content({ pattern: '(' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('grep'),
    });
    expect(await content({ pattern: 'x', path: '/etc' })).toMatchObject({ isError: true });
  });

  test('a pattern that would take a backtracking engine for ever is answered at once', async () => {
    writeFiles(box.path('prepared'), { long: `${'a'.repeat(5_000)}!` });
    expect((await content({ pattern: '^(a+)+$' })).text).toContain('No line matches');
  });
});
