/** Keeps the round's work safe: the change set goes to the gateway whenever it is another than the one before. */
import { changeSetDigest } from '../../result/contract/change-set.ts';
import type { Digest } from '../../shared/digest.ts';
import { type Baseline, collectChangeSet } from '../change-set/collect-change-set.ts';
import type { GatewayClient } from '../gateway/gateway-client.ts';
import { PhaseFailedError } from '../phase-failed.ts';

/** The uploads of one round. */
export interface Uploads {
  /** Uploads what is new. Answers a note for the agent when its tree cannot be carried, else null. */
  keep(): Promise<string | null>;
  /** Uploads whatever there is, at least an empty change set; fails as `change-set-refused` when it cannot be carried. */
  final(): Promise<Digest>;
}

/** Builds them on one baseline. */
export function createUploads(gateway: GatewayClient, baseline: Baseline): Uploads {
  let last: Digest | null = null;

  async function upload(): Promise<Digest> {
    const changeSet = await collectChangeSet(baseline);
    const digest = changeSetDigest(changeSet);
    if (digest !== last && !(last === null && changeSet.entries.length === 0)) {
      last = await gateway.putChangeSet(changeSet);
    }
    return digest;
  }

  return {
    async keep() {
      try {
        await upload();
        return null;
      } catch (error) {
        if (!(error instanceof PhaseFailedError)) throw error;
        return `Note: ${error.message} Your work cannot be handed over like this; mend it.`;
      }
    },
    async final() {
      await upload();
      last ??= await gateway.putChangeSet(await collectChangeSet(baseline));
      return last;
    },
  };
}
