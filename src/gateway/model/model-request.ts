/** A request as the gateway knows it once it is read: what it costs at most, what its transcript holds, where its parts are. */
import type { CostFeature } from '../../ledger/cost-feature.ts';
import type { Outline } from './json-spans.ts';
import type { ReadHead } from './read-head.ts';
import type { ReadMessage } from './read-message.ts';

/** One request, read. */
export interface ModelRequest {
  readonly bytes: Buffer;
  readonly outline: Outline;
  readonly head: ReadHead;
  readonly messages: readonly ReadMessage[];
  readonly maxTokens: number;
  readonly stream: boolean;
  readonly features: readonly CostFeature[];
  readonly images: number;
  readonly typedTools: number;
  /** The body may ask for one-hour cache entries. */
  readonly hourCache: boolean;
}
