/** The tool `str_replace_based_edit_tool`, as the models are trained on it (text_editor_20250728). */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { z } from 'zod';
import { confinePath } from './confine-path.ts';
import { listFolder } from './list-folder.ts';
import { problem, type Tool, type ToolAnswer, type ToolDeps } from './tool.ts';

const path = z.string().min(1);
const Input = z.discriminatedUnion('command', [
  z.object({ command: z.literal('view'), path, view_range: z.tuple([z.int(), z.int()]).nullish() }),
  z.object({ command: z.literal('create'), path, file_text: z.string() }),
  z.object({
    command: z.literal('str_replace'),
    path,
    old_str: z.string().min(1),
    new_str: z.string().default(''),
  }),
  z.object({ command: z.literal('insert'), path, insert_line: z.int().min(0), insert_text: z.string() }),
]);
type Input = z.infer<typeof Input>;

const MAX_FILE_BYTES = 5 * 1024 * 1024;

/** Builds the tool for one workspace. */
export function editTool(deps: ToolDeps): Tool {
  return {
    name: 'str_replace_based_edit_tool',
    definition: { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
    touchesFiles: true,
    describe: (input) => describeEdit(deps, input),
    async run(input) {
      const parsed = Input.safeParse(input);
      if (!parsed.success) return problem(`Invalid input: ${z.prettifyError(parsed.error).slice(0, 500)}`);
      const real = confinePath(deps.workspace, parsed.data.path);
      if (real === null)
        return problem(`'${parsed.data.path}' is outside ${deps.workspace}; the editor works only there.`);
      try {
        return edit(deps, parsed.data, real);
      } catch (error) {
        return problem(
          `'${parsed.data.path}': ${error instanceof Error ? error.message : 'cannot be edited'}`,
        );
      }
    },
  };
}

function describeEdit(deps: ToolDeps, input: unknown): string {
  const parsed = Input.safeParse(input);
  if (!parsed.success) return 'edited a file';
  const name = relative(
    deps.workspace,
    parsed.data.path.startsWith('/') ? parsed.data.path : `${deps.workspace}/${parsed.data.path}`,
  );
  return `${parsed.data.command === 'view' ? 'read' : 'edited'} ${name}`;
}

function edit(deps: ToolDeps, input: Input, real: string): ToolAnswer {
  switch (input.command) {
    case 'view':
      return view(deps, real, input.view_range ?? null);
    case 'create':
      mkdirSync(dirname(real), { recursive: true });
      writeFileSync(real, input.file_text);
      return { text: `Wrote ${input.path}.` };
    case 'str_replace':
      return replace(input, real);
    case 'insert':
      return insert(input, real);
  }
}

function view(deps: ToolDeps, real: string, range: readonly [number, number] | null): ToolAnswer {
  if (statSync(real).isDirectory()) return { text: deps.output.bound(listFolder(real)) };
  const lines = readText(real).split('\n');
  const [first, last] = range ?? [1, -1];
  const end = last === -1 ? lines.length : last;
  if (first < 1 || first > lines.length || end < first) {
    return problem(`view_range [${first}, ${last}] does not fit: the file has ${lines.length} lines.`);
  }
  return { text: deps.output.bound(numbered(lines.slice(first - 1, end), first)) };
}

function replace(input: Extract<Input, { command: 'str_replace' }>, real: string): ToolAnswer {
  const text = readText(real);
  const count = text.split(input.old_str).length - 1;
  if (count === 0)
    return problem(`old_str does not occur in ${input.path}; it must match exactly, white space included.`);
  if (count > 1)
    return problem(`old_str occurs ${count} times in ${input.path}; add lines around it until it is unique.`);
  const at = text.indexOf(input.old_str);
  const after = text.slice(0, at) + input.new_str + text.slice(at + input.old_str.length);
  writeFileSync(real, after);
  return {
    text: `Edited ${input.path}:\n${around(after, text.slice(0, at).split('\n').length, input.new_str)}`,
  };
}

function insert(input: Extract<Input, { command: 'insert' }>, real: string): ToolAnswer {
  const lines = readText(real).split('\n');
  if (input.insert_line > lines.length)
    return problem(`insert_line ${input.insert_line}: the file has ${lines.length} lines.`);
  const text = input.insert_text.replace(/\n$/, '');
  lines.splice(input.insert_line, 0, text);
  const after = lines.join('\n');
  writeFileSync(real, after);
  return { text: `Edited ${input.path}:\n${around(after, input.insert_line + 1, text)}` };
}

/** The edited place with four lines on each side. */
function around(text: string, line: number, added: string): string {
  const lines = text.split('\n');
  const first = Math.max(1, line - 4);
  return numbered(lines.slice(first - 1, line + added.split('\n').length + 3), first);
}

function numbered(lines: readonly string[], first: number): string {
  return lines.map((line, index) => `${String(first + index).padStart(6)}\t${line}`).join('\n');
}

/** Text only: an edit must not change the bytes that it does not touch. */
function readText(real: string): string {
  const stat = statSync(real);
  if (!stat.isFile()) throw new Error('is not a regular file');
  if (stat.size > MAX_FILE_BYTES)
    throw new Error(`has ${stat.size} bytes; use bash for files over ${MAX_FILE_BYTES}`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(real));
  } catch {
    throw new Error('is not UTF-8 text; use bash');
  }
}
