/** Writes whose token a cluster said it is, so that no replica has to ask again before the token expires. */
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Db } from '../open-database.ts';

/** What was proven of one token. */
export interface TokenProof {
  readonly hash: string;
  readonly jobName: string;
  readonly phase: Phase;
  readonly podUid: string;
  readonly credentialId: string | null;
  readonly expiresAt: Date;
}

/** Writes it; whoever came first with the same token wrote the same. */
export async function saveProvenToken(db: Db, proof: TokenProof): Promise<void> {
  await db
    .insertInto('phase_token')
    .values({
      hash: proof.hash,
      job_name: proof.jobName,
      phase: proof.phase,
      pod_uid: proof.podUid,
      credential_id: proof.credentialId,
      expires_at: proof.expiresAt,
    })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
}
