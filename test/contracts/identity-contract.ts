/** What every `Identity` adapter must do, whoever proves the tokens. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Caller, Identity } from '../../src/gateway/identity.ts';

/** One adapter with callers whose tokens the bench holds. */
export interface IdentityBench {
  readonly identity: Identity;
  /** At least two, of different jobs and phases. */
  readonly callers: readonly { readonly token: string; readonly caller: Caller }[];
  /** Tokens of a right form that nobody was given. */
  readonly strangers: readonly string[];
  /** Ends what the adapter asks (the store, the API server). Called once, before `close`. */
  breakBackend(): Promise<void>;
  close(): Promise<void>;
}

/** Registers the suite. */
export function identityContract(open: () => Promise<IdentityBench>): void {
  let bench: IdentityBench;
  beforeAll(async () => {
    bench = await open();
  });
  afterAll(() => bench.close());

  const first = () => {
    const known = bench.callers[0];
    if (!known) throw new Error('The bench has no caller.');
    return known;
  };

  it('says whose token it is: task, attempt, round, job, kind, phase and pod', async () => {
    for (const { token, caller } of bench.callers) {
      expect(await bench.identity.identify(token)).toEqual({ ok: true, caller });
    }
  });

  it('says the same again, and to many at once', async () => {
    const { token, caller } = first();
    const answers = await Promise.all(Array.from({ length: 20 }, () => bench.identity.identify(token)));
    expect(answers).toEqual(answers.map(() => ({ ok: true, caller })));
  });

  it('refuses tokens that nobody was given, each time', async () => {
    for (const stranger of [...bench.strangers, ...bench.strangers]) {
      expect(await bench.identity.identify(stranger)).toMatchObject({ ok: false });
    }
  });

  it('refuses whatever is not exactly a token', async () => {
    const { token } = first();
    const spoilt = [
      '',
      ' ',
      token.slice(0, -1),
      `${token}a`,
      ` ${token}`,
      `${token}\n`,
      token.toUpperCase(),
      token.split('').reverse().join(''),
      `${token}${token}`,
      'x'.repeat(100_000),
      'null',
      `${token}\0`,
    ];
    for (const text of spoilt) expect(await bench.identity.identify(text)).toMatchObject({ ok: false });
  });

  it('gives a reason that holds nothing of the token', async () => {
    for (const stranger of bench.strangers) {
      const answer = await bench.identity.identify(stranger);
      expect(answer.ok ? '' : answer.reason).toMatch(/^[a-z-]{3,40}$/);
    }
  });

  it('fails closed when nobody can say: an error that may be tried again, never a pass', async () => {
    await bench.breakBackend();
    for (const stranger of bench.strangers) {
      await expect(bench.identity.identify(stranger)).rejects.toMatchObject({
        code: 'identity-unavailable',
        retry: true,
      });
    }
  });

  it('still knows those whom it proved before, since what a token says never changes', async () => {
    const { token, caller } = first();
    expect(await bench.identity.identify(token)).toEqual({ ok: true, caller });
  });
}
