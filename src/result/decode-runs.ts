/**
 * Runs of a text that are encodings of other text (base64, hex, character codes), decoded. Only printable stretches of the
 * result are kept, as `strings(1)` does, so that padding with garbage bytes hides nothing and noise stays out.
 */

/** What a run decodes to, and where it stands in the text. */
export interface DecodedRun {
  readonly how: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const PRINTABLE = /[\t\n\r -~]{10,}/g;
/** One run, or lines of 40 and more that wrap one. */
const BASE64 =
  /[A-Za-z0-9+/_-]{16,}(?:(?<=[A-Za-z0-9+/_-]{40})(?:\\n|\r?\n)[ \t]{0,40}[A-Za-z0-9+/_-]{4,})*={0,2}/g;
const HEX = /(?:(?:\\x|0x)?[0-9a-fA-F]{2}[ \t,:-]{0,2}){9,}(?:\\x|0x)?[0-9a-fA-F]{2}/g;
const CODES = /(?:\d{2,3}[ \t]?,\s{0,20}){9,}\d{2,3}/g;

/** Every run that decodes to something printable. For a window of `scan-text`: a run of 8 MB overflows the patterns' stack. */
export function decodeRuns(text: string): DecodedRun[] {
  return [
    ...runsOf(text, { pattern: BASE64, how: 'in base64', decode: fromBase64 }),
    ...runsOf(text, { pattern: HEX, how: 'in hex', decode: fromHex }),
    ...runsOf(text, { pattern: CODES, how: 'in character codes', decode: fromCodes }),
  ];
}

interface Decoder {
  readonly pattern: RegExp;
  readonly how: string;
  /** All readings of a run: it may start anywhere within a group of digits. */
  readonly decode: (run: string) => readonly Buffer[];
}

function runsOf(text: string, { pattern, how, decode }: Decoder): DecodedRun[] {
  const runs: DecodedRun[] = [];
  for (const match of text.matchAll(pattern)) {
    const place = { start: match.index, end: match.index + match[0].length };
    for (const bytes of decode(match[0])) {
      const printable = printableOf(bytes);
      if (printable !== '') runs.push({ how, text: printable, ...place });
    }
  }
  return runs;
}

/** UTF-16 text of ASCII characters is every other byte. */
function printableOf(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  const wide = text.includes('\0') ? text.replaceAll('\0', '') : '';
  return [...(text.match(PRINTABLE) ?? []), ...(wide.match(PRINTABLE) ?? [])].join('\n');
}

function fromBase64(run: string): Buffer[] {
  const digits = run.replace(/\\n|[\s=]/g, '');
  return [0, 1, 2, 3].map((skip) => Buffer.from(digits.slice(skip), 'base64'));
}

function fromHex(run: string): Buffer[] {
  const digits = run.replace(/\\x|0x|[ \t,:-]/g, '');
  return [Buffer.from(digits, 'hex'), Buffer.from(digits.slice(1, digits.length - 1), 'hex')];
}

function fromCodes(run: string): Buffer[] {
  return [Buffer.from(run.split(',').map((code) => Number(code.trim()) & 0xff))];
}
