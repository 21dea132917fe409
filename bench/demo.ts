/**
 * The demo as a visitor runs it: its wall clock, how much of that is not the repository's commands and the agent's work,
 * and what its requests would cost with and without our cache breakpoints, computed by the published cache rules.
 */
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { PromptCache } from '../demo/model/prompt-cache.ts';
import { type ScriptedModel, startScriptedModel } from '../demo/model/scripted-model.ts';
import { SCENARIOS } from '../demo/scenarios/all.ts';
import { SHIPPED_PRICES } from '../src/config/model-catalogue.ts';
import { priceTokens } from '../src/ledger/price.ts';
import type { Ratio } from './ratio.ts';

const Ms = z.number().nullable();
const Result = z.looseObject({
  outcome: z.literal('verified'),
  ms: z.looseObject({ setup: Ms, work: Ms, verify: Ms }),
});

/** Runs `npm run demo` once. Error: it did not end verified. */
export async function benchDemo(): Promise<readonly Ratio[]> {
  const model = await startScriptedModel(SCENARIOS['fix']?.answers ?? []);
  try {
    const started = performance.now();
    const result = await runDemo(model.url);
    const wallMs = performance.now() - started;
    return [...times(wallMs, result), bill(model)];
  } finally {
    await model.close();
  }
}

function runDemo(upstream: string): Promise<z.infer<typeof Result>> {
  return new Promise((resolve, reject) => {
    const args = ['run', '--silent', 'demo', '--', '--json', '--upstream', upstream];
    const demo = spawn('npm', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    demo.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    demo.on('error', reject);
    demo.on('close', (code) => {
      const last = out.trim().split('\n').at(-1) ?? '';
      const parsed = code === 0 ? Result.safeParse(JSON.parse(last)) : null;
      if (parsed?.success) resolve(parsed.data);
      else reject(new Error(`The demo ended with ${code} and said '${last.slice(0, 300)}'.`));
    });
  });
}

function times(wallMs: number, { ms }: z.infer<typeof Result>): Ratio[] {
  const theirs = (ms.setup ?? 0) + (ms.work ?? 0) + (ms.verify ?? 0);
  const seconds = (value: number) => `${(value / 1_000).toFixed(1)} s`;
  return [
    {
      label: 'demo wall clock',
      value: wallMs / 1_000,
      unit: 's',
      goal: 20,
      good: 'at-most',
      detail: 'npm run demo, after install, from start to exit',
    },
    {
      label: 'demo, our share',
      value: (wallMs - theirs) / wallMs,
      unit: 'x',
      goal: null,
      good: 'at-most',
      detail: `of the wall clock, outside setup, work and verify, which took ${seconds(theirs)} and hold start-up of sandboxes too`,
    },
  ];
}

function bill({ requests }: ScriptedModel): Ratio {
  const marked = inputNanoUsd(requests);
  const plain = inputNanoUsd(requests.map(withoutMarks));
  const usd = (nano: bigint) => `$${(Number(nano) / 1e9).toFixed(4)}`;
  return {
    label: 'demo input bill',
    value: Number(marked) / Number(plain),
    unit: 'x',
    goal: null,
    good: 'at-most',
    detail: `computed, not billed: ${usd(marked)} with our cache breakpoints, ${usd(plain)} without; ${requests.length} requests`,
  };
}

const Priced = z.looseObject({ model: z.string() });

/** All within one cache lifetime: the demo takes seconds. */
function inputNanoUsd(requests: readonly unknown[]): bigint {
  const cache = new PromptCache();
  return requests.reduce<bigint>((sum, body) => {
    const price = SHIPPED_PRICES[Priced.parse(body).model];
    if (price === undefined) throw new Error('The demo uses a model without a shipped price.');
    const usage = cache.count(body, 0);
    const tokens = {
      input: usage.input_tokens,
      cacheWrite5m: usage.cache_creation.ephemeral_5m_input_tokens,
      cacheWrite1h: usage.cache_creation.ephemeral_1h_input_tokens,
      cacheRead: usage.cache_read_input_tokens,
      output: 0,
    };
    return sum + priceTokens(tokens, price).totalNanoUsd;
  }, 0n);
}

function withoutMarks(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body, (key, value: unknown) => (key === 'cache_control' ? undefined : value)),
  );
}
