/** Calls that end before their answer does: what they cost is not known, and is never taken for less than it may be. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OpenStore } from '../../src/task/open-database.ts';
import { lastLedgerRow, question, startModelGateway, type TestGateway } from '../fixtures/model-gateway.ts';
import { openTestStore, storeKinds } from '../fixtures/test-store.ts';

const INPUT_NANO_USD = 1_000n;
const OUTPUT_NANO_USD = 5_000n;
/** The upstream makes, and bills, 1,000 tokens of it; the third event is the last that anybody sees. */
const CUT = { text: 'x'.repeat(4_000), breakAfterEvents: 3 };
const BILLED_OUTPUT = 1_000n;
const ASKED = question({ stream: true, max_tokens: 1_500 });

describe.each(storeKinds)('a call that is cut on %s', (kind) => {
  let store: OpenStore;
  let gateway: TestGateway;
  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => gateway.close());
  afterAll(() => store.close());

  const lastRow = () => lastLedgerRow(gateway, store);
  const input = (): bigint => BigInt(Math.ceil((gateway.upstream.received[0]?.body.length ?? 0) / 4));
  const billed = (): bigint => input() * INPUT_NANO_USD + BILLED_OUTPUT * OUTPUT_NANO_USD;

  it('settles a call whose upstream broke before its head at the whole reservation', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script({ breakAfterEvents: 'head' });
    const response = await gateway.post(question());
    expect(response.status).toBe(502);
    const row = await lastRow();
    expect(row).toMatchObject({ state: 'bounded', settled_nano_usd: row?.reserved_nano_usd });
  });

  it('makes a cut stream look cut and settles metered input plus all allowed output', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script(CUT);
    const response = await gateway.post(ASKED);
    await expect(response.text()).rejects.toThrow();
    const row = await lastRow();
    const settled = input() * INPUT_NANO_USD + 1_500n * OUTPUT_NANO_USD;
    expect(row).toMatchObject({ state: 'bounded', settled_nano_usd: settled, flags: ['cut'] });
    expect(row?.settled_nano_usd).toBeGreaterThan(billed());
  });

  it('counter-test: counted by the usage that its stream had named until then, the same call is under its price', async () => {
    gateway = await startModelGateway(store);
    gateway.upstream.script(CUT);
    const body = JSON.stringify(ASKED);
    const text = await readUntilCut(
      await fetch(`${gateway.upstream.url}/v1/messages`, { method: 'POST', body }),
    );
    const named = (field: string): bigint =>
      BigInt(
        Math.max(
          ...[...text.matchAll(new RegExp(`"${field}":(\\d+)`, 'g'))].map(([, count]) => Number(count)),
        ),
      );
    expect(named('input_tokens')).toBe(input());
    const counted = named('input_tokens') * INPUT_NANO_USD + named('output_tokens') * OUTPUT_NANO_USD;
    expect(counted).toBeLessThan(billed());
  });

  it('cancels the upstream when the client leaves, and settles as bounded', async () => {
    gateway = await startModelGateway(store);
    const never = new Promise<void>(() => {});
    gateway.upstream.script({ gate: () => never });
    const response = await gateway.post(question({ stream: true }));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await expect.poll(() => gateway.upstream.cancelled()).toBe(1);
    expect(await lastRow()).toMatchObject({ state: 'bounded', flags: ['cut'] });
  });
});

async function readUntilCut(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of response.body ?? []) pieces.push(piece);
  } catch {
    return Buffer.concat(pieces).toString('utf8');
  }
  throw new Error('The stream was not cut');
}
