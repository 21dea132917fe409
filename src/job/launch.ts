/**
 * Launches a job so that it may be repeated after a crash at any line: record first, then the git token, then the
 * sandbox, then the note that it was launched. What an earlier try left is taken up, never doubled.
 */
import { type RandomBytes, systemRandom } from '../shared/ids.ts';
import type { SecretBox } from '../shared/secret-box.ts';
import { issueToken, tokenHash } from '../shared/token.ts';
import type { Db } from '../task/open-database.ts';
import { createJob } from '../task/store/create-job.ts';
import { readGitToken, writeGitToken } from '../task/store/git-token.ts';
import { lockSeen } from '../task/store/lock-seen.ts';
import { markLaunched } from '../task/store/mark-job.ts';
import type { SeenTask } from '../task/store/transition.ts';
import { StoredJobSpec, tokenPhases } from './job-spec.ts';
import type { JobSpec, PhaseTokens, Sandbox } from './sandbox.ts';

/** `mint` makes the git token of the fetch phase; `checkLease` throws when the caller's lease is lost. */
export interface LaunchDeps {
  readonly db: Db;
  readonly sandbox: Sandbox;
  readonly secretBox: SecretBox;
  readonly random?: RandomBytes;
  readonly mint: () => Promise<string>;
  readonly checkLease: () => Promise<unknown>;
  /** Takes the place of a job that is new, in the transaction that writes it; error `place-taken` where none is free. */
  readonly takePlace: (trx: Db) => Promise<void>;
}

/** The job, its number in the round, and the task as the decision saw it. */
export interface Launch {
  readonly spec: JobSpec;
  readonly number: number;
  readonly task: SeenTask;
}

/**
 * Launches. Errors: `record-moved`, `place-taken`, `job-closed`, `lease-lost`, those of `mint`, and the sandbox's (`isolation-missing`,
 * `sandbox-refused`, `sandbox-unavailable`).
 */
export async function launchJob(deps: LaunchDeps, launch: Launch): Promise<void> {
  const { name } = launch.spec;
  const stored = await storedSpec(deps.db, name);
  if (stored?.launched) return;
  if (stored && (await isKnown(deps, name))) return markLaunched(deps.db, name);
  const spec = stored?.spec ?? launch.spec;
  const tokens = issueTokens(spec, deps.random ?? systemRandom);
  await writeJob(deps, { ...launch, spec, isNew: stored === null }, tokens);
  await keepGitToken(deps, name);
  await deps.checkLease();
  await deps.sandbox.launch(spec, tokens);
  await markLaunched(deps.db, name);
}

async function storedSpec(db: Db, name: string): Promise<{ spec: JobSpec; launched: boolean } | null> {
  const row = await db
    .selectFrom('job')
    .select(['spec', 'launched_at'])
    .where('name', '=', name)
    .executeTakeFirst();
  return row ? { spec: StoredJobSpec.parse(row.spec), launched: row.launched_at !== null } : null;
}

async function isKnown(deps: LaunchDeps, name: string): Promise<boolean> {
  await deps.checkLease();
  return (await deps.sandbox.observe(name)) !== null;
}

/** A pod's tokens are Kubernetes' own: the record has no hash of them. */
function issueTokens(spec: JobSpec, random: RandomBytes): PhaseTokens {
  if (spec.isolation === 'pod') return {};
  return Object.fromEntries(tokenPhases(spec).map((phase) => [phase, issueToken(random)]));
}

function writeJob(
  deps: LaunchDeps,
  launch: Launch & { readonly isNew: boolean },
  tokens: PhaseTokens,
): Promise<boolean> {
  const { spec, number } = launch;
  const tokenHashes = Object.fromEntries(
    Object.entries(tokens).map(([phase, token]) => [phase, tokenHash(token)]),
  );
  return deps.db.transaction().execute(async (trx) => {
    await lockSeen(trx, launch.task);
    if (launch.isNew) await deps.takePlace(trx);
    const { name, taskId, attempt, round, kind } = spec;
    const namespace = spec.pod?.namespace ?? null;
    return createJob(trx, { name, taskId, attempt, round, kind, number, spec, namespace, tokenHashes });
  });
}

async function keepGitToken(deps: LaunchDeps, name: string): Promise<void> {
  if (await readGitToken(deps.db, name)) return;
  await deps.checkLease();
  const token = await deps.mint();
  await writeGitToken(deps.db, name, deps.secretBox.seal(token, name));
}
