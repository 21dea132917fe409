/** Which model answers in the demo: the scripted one, Anthropic's, or any with the same protocol. */
import { readModelKey } from '../src/config/env.ts';
import { GloveboxError } from '../src/shared/errors.ts';
import type { DemoArguments } from './arguments.ts';

/** A model that is not played. */
export interface RealUpstream {
  readonly url: string;
  readonly apiKey: string | null;
}

/** The bill of the scripted model. */
export const SCRIPTED_BILL = 'scripted, not billed';

/** What the first line says about the model, and what the bill is. */
export interface ModelWords {
  readonly said: string;
  readonly bill: string;
}

/** The upstream that was asked for; null: the scripted model. Error `key-missing`. */
export function upstreamOf(given: Pick<DemoArguments, 'live' | 'upstream'>): RealUpstream | null {
  if (!given.live && given.upstream === null) return null;
  return {
    url: given.upstream ?? 'https://api.anthropic.com',
    apiKey: given.live ? liveKey() : null,
  };
}

/** How the demo speaks of it. */
export function modelWords(upstream: RealUpstream | null): ModelWords {
  return upstream === null
    ? { said: 'Scripted: model answers. ', bill: SCRIPTED_BILL }
    : { said: '', bill: 'billed by the upstream' };
}

function liveKey(): string {
  const key = readModelKey();
  if (key !== null) return key;
  throw new GloveboxError({
    code: 'key-missing',
    message: '--live needs ANTHROPIC_API_KEY in the environment; set it, then run again.',
  });
}
