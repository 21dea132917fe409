/** The doctor's frame: whatever a check does, its end is in the table, and the exit code follows from it. */
import { describe, expect, it } from 'vitest';
import { type Check, type Finding, fails, ok, warns } from '../../../src/cmd/doctor/check.ts';
import { doctor } from '../../../src/cmd/doctor.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { GloveboxError } from '../../../src/shared/errors.ts';

const HOLDS = ok('it holds');
const BROKEN = fails('it does not', 'mend it');
const ODD = warns('it is odd', 'look at it');

function check(run: Check['run'], rest: Partial<Check> = {}): Check {
  return { name: 'thing', timeoutMs: 60_000, remedy: 'try again', run, ...rest };
}

const finds = (...findings: Finding[]): Check => check(async () => findings);

async function run(
  checks: readonly Check[],
  options: { json?: boolean; tty?: boolean; signal?: AbortSignal } = {},
) {
  const written: string[] = [];
  const code = await doctor(checks, {
    out: (text) => void written.push(text),
    json: options.json ?? false,
    tty: options.tty ?? false,
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, text: written.join('') };
}

describe('the exit code', () => {
  it.each<{ name: string; checks: Check[]; code: number }>([
    { name: '0 where everything holds', checks: [finds(HOLDS), finds(HOLDS)], code: 0 },
    { name: '0 where something warns', checks: [finds(HOLDS, ODD)], code: 0 },
    { name: '1 where something fails', checks: [finds(BROKEN), finds(HOLDS)], code: 1 },
    {
      name: '1 where a check could not be run',
      checks: [
        check(() => Promise.reject(new GloveboxError({ code: 'store-unreachable', message: 'It is away.' }))),
      ],
      code: 1,
    },
    {
      name: '3 where a check breaks by our fault',
      checks: [check(() => Promise.reject(new TypeError('oops')))],
      code: 3,
    },
    { name: '3 where a check finds nothing at all, which is never ok', checks: [finds()], code: 3 },
  ])('is $name', async ({ checks, code }) => {
    expect((await run(checks)).code).toBe(code);
  });

  it('is 130 where somebody interrupts, and no further check is begun', async () => {
    const interrupted = new AbortController();
    let tidied = false;
    const first = check(async (signal) => {
      interrupted.abort(new Error('interrupted'));
      expect(signal.aborted).toBe(true);
      tidied = true;
      throw signal.reason;
    });
    const never = check(() => Promise.reject(new Error('begun after all')));
    const { code, text } = await run([first, never], { signal: interrupted.signal });
    expect([code, tidied]).toEqual([130, true]);
    expect(text).not.toContain('begun after all');
  });
});

describe('the table', () => {
  it('has a line for each finding, the fix below it, and counts at the end', async () => {
    const { text } = await run([
      check(async () => [ok('PostgreSQL 17, schema 12')], { name: 'database' }),
      check(async () => [BROKEN], { name: 'fence' }),
      check(async () => [ODD], { name: 'quota' }),
    ]);
    expect(text).toBe(
      [
        'ok     database        PostgreSQL 17, schema 12',
        'FAILS  fence           it does not',
        '       fix: mend it',
        'WARNS  quota           it is odd',
        '       fix: look at it',
        '3 checks: 1 ok, 1 fails, 1 warns',
        '',
      ].join('\n'),
    );
  });

  it('stays within 80 columns', async () => {
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');
    const { text } = await run([finds(fails(words, words))]);
    const lines = text.split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(words);
  });

  it('shows escape sequences of foreign text, and obeys none', async () => {
    const { text } = await run([finds(fails('\u001b[2Jgone', 'mend it'))]);
    expect(text).toContain('\\x1b[2Jgone');
    expect(text).not.toContain('\u001b');
  });

  it('names the check in hand on a terminal, and leaves nothing of it', async () => {
    const { text } = await run([finds(HOLDS)], { tty: true });
    const [shown, ...rest] = text.split('\r\u001b[2K').slice(1);
    expect(shown).toBe('       thing ...');
    expect(rest.join('')).toBe('ok     thing           it holds\n1 check: 1 ok\n');
  });

  it('is one JSON object with --json', async () => {
    const { text } = await run([finds(HOLDS, BROKEN)], { json: true, tty: true });
    expect(JSON.parse(text)).toEqual({
      checks: [
        { check: 'thing', state: 'ok', text: 'it holds', fix: null },
        { check: 'thing', state: 'fails', text: 'it does not', fix: 'mend it' },
      ],
      ok: 1,
      fails: 1,
      warns: 0,
    });
  });
});

describe('a check that hangs', () => {
  it('fails when its time is over, after it has tidied up', async () => {
    let tidied = false;
    const hangs = check(
      async (signal) => {
        await systemClock.sleep(60_000, signal).finally(() => {
          tidied = true;
        });
        return [HOLDS];
      },
      { timeoutMs: 20 },
    );
    const { code, text } = await run([hangs, finds(HOLDS)]);
    expect([code, tidied]).toEqual([1, true]);
    expect(text).toContain('FAILS  thing           no result within 0.02 s\n       fix: try again\nok ');
  });

  it('does not hold up the others, even where it ignores the signal', async () => {
    const clock = { now: Date.now, sleep: async () => {} };
    const written: string[] = [];
    const deaf = check(() => new Promise<never>(() => {}));
    const code = await doctor([deaf, finds(HOLDS)], {
      out: (text) => void written.push(text),
      json: false,
      tty: false,
      signal: new AbortController().signal,
      clock,
    });
    expect(code).toBe(1);
    expect(written.join('')).toContain('no result within 60 s');
  });
});
