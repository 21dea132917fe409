/** The doctor's words on paper: one line a finding with its fix below, the count at the end, and the same as data. */
import { terminalText } from '../terminal-text.ts';
import type { Finding } from './check.ts';
import type { Reported } from './run-checks.ts';

const COLUMNS = 80;
const WORDS: Readonly<Record<Finding['state'], string>> = { ok: 'ok', fails: 'FAILS', warns: 'WARNS' };
const STATE_WIDTH = 7;
const NAME_WIDTH = 16;
const FIX = `${' '.repeat(STATE_WIDTH)}fix: `;

/** One finding with its fix; texts are wrapped at 80 columns. Every line ends in a line break. */
export function findingText({ state, check, text, fix }: Reported): string {
  const head = WORDS[state].padEnd(STATE_WIDTH) + check.padEnd(NAME_WIDTH);
  const lines = wrapped(head, terminalText(text));
  return `${[...lines, ...(fix === null ? [] : wrapped(FIX, terminalText(fix)))].join('\n')}\n`;
}

/** `4 checks: 2 ok, 1 fails, 1 warns`; what there is none of is left out. */
export function countText(findings: readonly Finding[]): string {
  const { ok, fails, warns } = counts(findings);
  const parts = [`${ok} ok`];
  if (fails > 0) parts.push(`${fails} ${fails === 1 ? 'fails' : 'fail'}`);
  if (warns > 0) parts.push(`${warns} ${warns === 1 ? 'warns' : 'warn'}`);
  return `${findings.length} ${findings.length === 1 ? 'check' : 'checks'}: ${parts.join(', ')}\n`;
}

/** One JSON object: the findings in their order, and the counts. */
export function doctorJson(findings: readonly Reported[]): string {
  const checks = findings.map(({ check, state, text, fix }) => ({ check, state, text, fix }));
  return `${JSON.stringify({ checks, ...counts(findings) })}\n`;
}

function counts(findings: readonly Finding[]) {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  return { ok: count('ok'), fails: count('fails'), warns: count('warns') };
}

/** Words flow beside `head`; a line break of the text stays one, and a word that is too long sticks out. */
function wrapped(head: string, text: string): string[] {
  const width = COLUMNS - head.length;
  const indent = ' '.repeat(head.length);
  const lines = text
    .trim()
    .split('\n')
    .flatMap((line) => flow(line, width));
  return lines.map((line, index) => (index === 0 ? head : indent) + line);
}

function flow(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width || line === '') line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
