/**
 * Identity on one machine: each phase has a random token, of which the record keeps the hash. What a token says never
 * changes, so it is cached; whether its phase is still open is read anew each time (`task/store/check-phase`).
 */
import { z } from 'zod';
import { Phase } from '../result/contract/phase-spec.ts';
import { GloveboxError } from '../shared/errors.ts';
import { TaskId } from '../shared/ids.ts';
import { isIssuedToken, tokenHash } from '../shared/token.ts';
import type { Db } from '../task/open-database.ts';
import type { Caller, Identified, Identity } from './identity.ts';

const MAX_CACHED = 10_000;

const TokenRow = z.object({
  task_id: TaskId,
  attempt: z.int(),
  round: z.int(),
  name: z.string(),
  kind: z.enum(['work', 'verify']),
  phase: Phase,
});

/**
 * Builds the adapter. A token is hashed before anything is compared or looked up, so the time of an answer says nothing
 * about how much of a guess was right. Errors: `identity-unavailable` when the store does not answer.
 */
export function createLocalIdentity(deps: { readonly db: Db }): Identity {
  const known = new Map<string, Caller>();
  return {
    async identify(token: string): Promise<Identified> {
      const hash = tokenHash(token);
      if (!isIssuedToken(token)) return { ok: false, reason: 'token-malformed' };
      const caller = known.get(hash) ?? (await readCaller(deps.db, hash));
      if (!caller) return { ok: false, reason: 'token-unknown' };
      if (known.size >= MAX_CACHED) known.clear();
      known.set(hash, caller);
      return { ok: true, caller };
    },
  };
}

async function readCaller(db: Db, hash: string): Promise<Caller | null> {
  const row = await selectToken(db, hash);
  if (!row) return null;
  const token = TokenRow.parse(row);
  return {
    taskId: token.task_id,
    attempt: token.attempt,
    round: token.round,
    jobName: token.name,
    kind: token.kind,
    phase: token.phase,
    podUid: null,
  };
}

async function selectToken(db: Db, hash: string) {
  try {
    return await db
      .selectFrom('phase_token')
      .innerJoin('job', 'job.name', 'phase_token.job_name')
      .select(['job.task_id', 'job.attempt', 'job.round', 'job.name', 'job.kind', 'phase_token.phase'])
      .where('phase_token.hash', '=', hash)
      .executeTakeFirst();
  } catch (cause) {
    throw new GloveboxError({
      code: 'identity-unavailable',
      message: 'Nobody can say whose token this is: the store did not answer. Try again.',
      retry: true,
      cause,
    });
  }
}
