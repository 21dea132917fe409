/**
 * YAML from people who may be hostile (a repository's file) to plain data with line numbers. Plain data only: no
 * aliases (bombs), no tags, no duplicate or prototype keys, one document, 64 KB.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import { type Problem, problem } from './problem.ts';

/** Largest file that is read; a real one has under 4 KB. */
export const MAX_CONFIG_BYTES = 65_536;
const MAX_DEPTH = 20;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Parsed plain data. `lineOf` gives the line of a path, or of its nearest ancestor that exists. */
export interface YamlData {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  lineOf(path: readonly PropertyKey[]): number;
}

/** Parses one file. `value` is null where `problems` holds any. Never throws on content. */
export function parseYaml(text: string, file: string): YamlData {
  const refused = refuseRaw(text, file);
  if (refused !== null) return { value: null, problems: [refused], lineOf: () => refused.line };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    version: '1.2',
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
    logLevel: 'error', // 'silent' would take the first of many documents,
  });
  const problems = [...syntaxProblems(document, lines, file), ...contentProblems(document, lines, file)];
  const value: unknown = problems.length > 0 ? null : document.toJS({ maxAliasCount: 0 });
  return { value, problems, lineOf: (path) => lineOf(document, lines, path) };
}

/** Before the parser sees it: size, and nesting by brackets and by indentation, which it follows recursively. */
function refuseRaw(text: string, file: string): Problem | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_CONFIG_BYTES) {
    return problem({
      file,
      line: 1,
      what: `File of ${bytes} bytes`,
      expected: `expected at most ${MAX_CONFIG_BYTES} bytes`,
    });
  }
  const deep = text
    .split('\n')
    .findIndex((line) => bracketDepth(line) > MAX_DEPTH || markerDepth(line) > MAX_DEPTH);
  return deep < 0 ? null : tooDeep(file, deep + 1);
}

function bracketDepth(line: string): number {
  return line.match(/[[{]/g)?.length ?? 0;
}

function markerDepth(line: string): number {
  return /^[\s?:-]*/.exec(line)?.[0].match(/[?:-](?=\s)/g)?.length ?? 0;
}

function tooDeep(file: string, line: number): Problem {
  return problem({
    file,
    line,
    what: 'Nesting that is too deep',
    expected: `expected at most ${MAX_DEPTH} levels`,
  });
}

function syntaxProblems(document: Document.Parsed, lines: LineCounter, file: string): Problem[] {
  return [...document.errors, ...document.warnings].slice(0, 20).map((error) =>
    problem({
      file,
      line: Math.max(1, lines.linePos(error.pos[0]).line),
      what: error.code === 'DUPLICATE_KEY' ? 'Duplicate key' : 'Invalid YAML',
      expected: error.code === 'DUPLICATE_KEY' ? 'expected each key once' : lowerFirst(error.message),
    }),
  );
}

function contentProblems(document: Document.Parsed, lines: LineCounter, file: string): Problem[] {
  const found: Problem[] = [];
  visit(document, (_key, node, path) => {
    if (found.length >= 20) return visit.BREAK;
    if (path.length > MAX_DEPTH * 2) {
      found.push(tooDeep(file, 1));
      return visit.BREAK;
    }
    const what = forbidden(node);
    if (what !== null) {
      const line = isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1;
      found.push(
        problem({ file, line, what, expected: 'expected plain values', fix: 'Write the value out' }),
      );
    }
    return undefined;
  });
  return found;
}

function forbidden(node: unknown): string | null {
  if (isAlias(node)) return `Alias '*${node.source.slice(0, 40)}'`;
  if (!isScalar(node) && !isCollection(node)) return null;
  if (node.anchor !== undefined) return `Anchor '&${node.anchor.slice(0, 40)}'`;
  if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))
    return `Tag '${node.tag.slice(0, 40)}'`;
  return isMap(node)
    ? forbiddenKey(node.items.map(({ key }) => (isScalar(key) ? String(key.value) : '')))
    : null;
}

function forbiddenKey(keys: readonly string[]): string | null {
  const key = keys.find((name) => FORBIDDEN_KEYS.has(name));
  return key === undefined ? null : `Forbidden key '${key}'`;
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const next = child(node, part);
    if (next === null) break;
    offset = next.offset ?? offset;
    node = next.node;
  }
  return Math.max(1, lines.linePos(offset).line);
}

function child(node: unknown, part: PropertyKey): { node: unknown; offset: number | null } | null {
  if (!isCollection(node)) return null;
  if (!isMap(node)) {
    const item: unknown = node.items[Number(part)];
    return item === undefined ? null : { node: item, offset: startOf(item) };
  }
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  return pair === undefined ? null : { node: pair.value, offset: startOf(pair.key) };
}

function startOf(node: unknown): number | null {
  return isNode(node) && node.range ? node.range[0] : null;
}

function lowerFirst(text: string): string {
  const line = (text.split('\n')[0] ?? '').replace(/[.:]$/, '');
  return line.charAt(0).toLowerCase() + line.slice(1, 160);
}
