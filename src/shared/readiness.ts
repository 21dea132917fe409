/** Is this process ready to be sent requests? A few checks, each with a time limit, asked at most once a second. */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** Null where all checks hold; else the name of the first that does not. Never throws. */
export type Readiness = () => Promise<string | null>;

/** Each check resolves where what it is named after answers, and rejects otherwise. */
export type Checks = Readonly<Record<string, () => Promise<unknown>>>;

const LIMIT_MS = 2_000;
/** Whoever asks for health is not authenticated: many questions are one look. */
const KEPT_MS = 1_000;

/** Builds it. A failed check is logged with its reason, which the answer does not carry. */
export function createReadiness(
  deps: { readonly clock: Clock; readonly log: Log },
  checks: Checks,
): Readiness {
  let looked: { readonly at: number; readonly answer: Promise<string | null> } | null = null;
  return () => {
    const now = deps.clock.now();
    if (!looked || now - looked.at >= KEPT_MS) looked = { at: now, answer: firstFailing(deps, checks) };
    return looked.answer;
  };
}

async function firstFailing(
  deps: { readonly clock: Clock; readonly log: Log },
  checks: Checks,
): Promise<string | null> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await within(deps.clock, check());
        return null;
      } catch (error) {
        deps.log.warn({ err: error, check: name }, 'not ready');
        return name;
      }
    }),
  );
  return results.find((name) => name !== null) ?? null;
}

async function within(clock: Clock, work: Promise<unknown>): Promise<void> {
  const answered = new AbortController();
  const tooLate = clock.sleep(LIMIT_MS, answered.signal).then(
    () => Promise.reject(new Error(`No answer within ${LIMIT_MS} ms.`)),
    () => undefined,
  );
  try {
    await Promise.race([work, tooLate]);
  } finally {
    answered.abort();
  }
}
