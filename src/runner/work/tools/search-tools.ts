/** Search by name and by content, so that the agent spends no shell on it. Both leave .git and node_modules out. */
import { matchesGlob } from 'node:path';
import { z } from 'zod';
import { walkTree } from '../../change-set/list-tree.ts';
import { runCommand } from '../../process/run-command.ts';
import { confinePath } from './confine-path.ts';
import { problem, type Tool, type ToolDeps } from './tool.ts';

const NameInput = z.object({ pattern: z.string().min(1).max(500) });
const ContentInput = z.object({ pattern: z.string().min(1).max(1_000), path: z.string().optional() });

const MAX_FILES = 500;
const SEARCH_MS = 30_000;
const SKIPPED = ['.git', 'node_modules'];

/** `search_files`: a glob against the path, or against the name where it has no slash. */
export function searchFilesTool(deps: ToolDeps): Tool {
  return {
    name: 'search_files',
    definition: {
      name: 'search_files',
      description:
        'Finds files by glob, e.g. `*.test.ts` (any folder) or `src/**/*.py` (from the root). Returns paths, one a line.',
      input_schema: { type: 'object', properties: { pattern: { type: 'string' } }, required: ['pattern'] },
    },
    touchesFiles: false,
    describe: () => 'searched for files',
    async run(input) {
      const parsed = NameInput.safeParse(input);
      if (!parsed.success) return problem('search_files takes `pattern`, a glob.');
      const { pattern } = parsed.data;
      const glob = pattern.includes('/') ? pattern.replace(/^\.?\//, '') : `**/${pattern}`;
      const found = (await pathsOf(deps.workspace)).filter((path) => matchesGlob(path, glob));
      if (found.length === 0) return { text: `No file matches '${pattern}'.` };
      const more = found.length > MAX_FILES ? `\n[${found.length - MAX_FILES} more; narrow the pattern]` : '';
      return { text: found.slice(0, MAX_FILES).join('\n') + more };
    },
  };
}

/** `search_content`: grep's extended regular expressions, linear in time whatever the pattern. */
export function searchContentTool(deps: ToolDeps): Tool {
  return {
    name: 'search_content',
    definition: {
      name: 'search_content',
      description:
        'Finds lines by extended regular expression (grep -E) in text files, in all of the repository or under `path`. Returns `file:line:text`.',
      input_schema: {
        type: 'object',
        properties: { pattern: { type: 'string' }, path: { type: 'string' } },
        required: ['pattern'],
      },
    },
    touchesFiles: false,
    describe: () => 'searched the code',
    async run(input, signal) {
      const parsed = ContentInput.safeParse(input);
      if (!parsed.success) return problem('search_content takes `pattern` and, if you like, `path`.');
      const real = confinePath(deps.workspace, parsed.data.path ?? '.');
      if (real === null) return problem(`'${parsed.data.path}' is outside ${deps.workspace}.`);
      return grep(deps, parsed.data.pattern, { path: real, signal });
    },
  };
}

async function grep(deps: ToolDeps, pattern: string, where: { path: string; signal: AbortSignal }) {
  const chunks: Buffer[] = [];
  const end = await runCommand({
    argv: [
      'grep',
      '-rnIE',
      ...SKIPPED.map((name) => `--exclude-dir=${name}`),
      '-e',
      pattern,
      '--',
      where.path,
    ],
    cwd: deps.workspace,
    env: { ...deps.env },
    timeoutMs: SEARCH_MS,
    maxOutputBytes: 1_000_000,
    signal: where.signal,
    onStdout: (chunk) => void chunks.push(chunk),
  });
  const lines = Buffer.concat(chunks)
    .toString('utf8')
    .replaceAll(`${where.path}/`, shownPrefix(deps, where.path));
  if (end.limit === 'output')
    return { text: `${deps.output.bound(lines)}\n[stopped: too many lines; narrow the pattern]` };
  if (end.exitCode === 0) return { text: deps.output.bound(lines.trimEnd()) };
  if (end.exitCode === 1) return { text: `No line matches '${pattern}'.` };
  return problem(`grep: ${end.limit === 'time' ? 'took too long' : end.capture.lastLines(3)}`);
}

function shownPrefix(deps: ToolDeps, path: string): string {
  return path.length > deps.workspace.length ? `${path.slice(deps.workspace.length + 1)}/` : '';
}

async function pathsOf(workspace: string): Promise<string[]> {
  const paths: string[] = [];
  const isIgnored = (path: string) => SKIPPED.includes(path.slice(path.lastIndexOf('/') + 1));
  for await (const { path, ignored } of walkTree(workspace, { isIgnored })) {
    if (!ignored) paths.push(Buffer.from(path, 'latin1').toString('utf8'));
  }
  return paths.sort();
}
