/**
 * One thing that is wrong with a configuration file, in the parts of the house's message grammar, and its two forms:
 * a line of the terminal and a sentence for the issue.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** `Invalid budget '-3'`: what failed, the value in quotes. The value is foreign text, cut to 60 characters. */
  readonly what: string;
  /** `budget.perTask`; null at the top of the file. */
  readonly at: string | null;
  /** `expected 0.01 to 5.00 US dollars`, or a question such as `did you mean 'checks'?`. */
  readonly expected: string;
  /** `Write a number in this range`; null where `expected` says it all. */
  readonly fix: string | null;
  /** The file whose bound it broke; null for the format's own bounds. */
  readonly boundFrom: string | null;
}

/** What every problem needs; the rest has defaults. */
export type ProblemInput = Pick<Problem, 'file' | 'line' | 'what' | 'expected'> & Partial<Problem>;

/** A problem with its defaults: an error at the top of the file, without a bound or a fix. */
export function problem(input: ProblemInput): Problem {
  return { severity: 'error', at: null, fix: null, boundFrom: null, ...input };
}

/** `Invalid budget '-3' in .github/glovebox.yml at budget.perTask: expected 0.01 to 5.00 US dollars.` */
export function problemSentence(one: Problem): string {
  return `${one.what} in ${one.file}${one.at === null ? '' : ` at ${one.at}`}: ${tail(one)}`;
}

/** `.github/glovebox.yml:4  Invalid budget '-3' at budget.perTask: …`, wrapped at 80 columns, next lines indented by 2. */
export function problemLine(one: Problem): string {
  const label = one.severity === 'warning' ? 'Warning: ' : '';
  const text = `${label}${one.what}${one.at === null ? '' : ` at ${one.at}`}: ${tail(one)}`;
  return wrap(`${one.file}:${one.line}  ${text}`, 80);
}

/** A value of the file for a message: quoted, one line, at most 60 characters; lists and maps by their kind only. */
export function quoteValue(value: unknown): string {
  if (value === null) return "'null'";
  if (Array.isArray(value)) return '(a list)';
  if (typeof value === 'object') return '(a map)';
  const text = String(value).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return `'${text.length > 60 ? `${text.slice(0, 60)}...` : text}'`;
}

/** `a.b[2].c` of a path's parts; null for the top. */
export function pathText(path: readonly PropertyKey[]): string | null {
  if (path.length === 0) return null;
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${keyText(part)}`,
    )
    .join('');
}

function keyText(key: PropertyKey): string {
  return String(key)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
    .slice(0, 60);
}

function tail(one: Problem): string {
  const from = one.boundFrom === null ? '' : ` (${one.boundFrom})`;
  const expected = `${one.expected}${from}${one.expected.endsWith('?') && from === '' ? '' : '.'}`;
  if (one.fix === null) return expected;
  return `${expected} ${one.fix}${one.fix.endsWith('?') ? '' : '.'}`;
}

function wrap(text: string, columns: number): string {
  const lines: string[] = [];
  let rest = text;
  let indent = '';
  while (indent.length + rest.length > columns) {
    const cut = rest.lastIndexOf(' ', columns - indent.length);
    if (cut <= 0) break;
    lines.push(indent + rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut + 1);
    indent = '  ';
  }
  return [...lines, indent + rest].join('\n');
}

/** Where rules report: a file and the line of each path in it. */
export interface Place {
  readonly file: string;
  lineOf(path: readonly PropertyKey[]): number;
}
