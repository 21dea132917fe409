/** Column types of the store, for Kysely. `bigint` is int8 on both drivers; what is read from jsonb is parsed by zod. */
import type { ColumnType, Generated } from 'kysely';

/** jsonb: unknown when read, JSON text when written. */
type Json = ColumnType<unknown, string, string>;
/** jsonb that may be null. */
type JsonOrNull = ColumnType<unknown, string | null | undefined, string | null>;
type Time = ColumnType<Date, Date | string | undefined, Date | string>;
type TimeOrNull = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

export interface DeliveryTable {
  id: string;
  event: string;
  action: string | null;
  installation_id: bigint | null;
  repository_id: bigint | null;
  payload: Json;
  received_at: Time;
  handled_at: TimeOrNull;
  result: string | null;
  failures: Generated<number>;
  last_error: string | null;
  retry_at: Time;
}

export interface TaskTable {
  id: string;
  installation_id: bigint;
  repository_id: bigint;
  owner: string;
  repo: string;
  private: boolean;
  issue_number: number;
  state: string;
  outcome: string | null;
  reason: JsonOrNull;
  version: Generated<number>;
  epoch: Generated<number>;
  lease_holder: string | null;
  lease_until: TimeOrNull;
  /** Null: nothing is left to do. */
  wake_at: TimeOrNull;
  /** When the status comment wants to be brought up to date; null: nothing is pending. */
  surface_due_at: TimeOrNull;
  /** The first of its tries in a row that failed; null where the last one did not. */
  surface_failing_since: TimeOrNull;
  /** Tries of the current step that threw; 0 again with each change of state. */
  failures: Generated<number>;
  /** Set with the first of them; null where `failures` is 0. */
  failing_since: TimeOrNull;
  delivery_id: string | null;
  requester: Json;
  snapshot: JsonOrNull;
  snapshot_digest: string | null;
  pin: JsonOrNull;
  attempt: Generated<number>;
  round: Generated<number>;
  abort: JsonOrNull;
  verdict: JsonOrNull;
  branch: string | null;
  commit_sha: string | null;
  pull_number: number | null;
  publish_plan: JsonOrNull;
  platform_failures: Generated<number>;
  /** Where its sandboxes run, since the pin; null on one machine. */
  namespace: string | null;
  /** Waits for a sandbox's place there: 0 sealed, to be judged; 1 to be worked on. Null: does not wait. */
  wait_rank: number | null;
  wait_since: TimeOrNull;
  created_at: Time;
  state_since: Time;
  ended_at: TimeOrNull;
}

export interface RoundTable {
  task_id: string;
  attempt: number;
  number: number;
  /** The change set that was laid over the base when the round began; null: it began from the base. */
  resume_digest: string | null;
  /** The judged round whose failures this one is to mend; null for a first round. */
  follows_round: number | null;
  /** The work job was lost: neither judged nor counted. */
  lost: Generated<boolean>;
  last_upload_digest: string | null;
  sealed_digest: string | null;
  sealed_by: string | null;
  sealed_at: TimeOrNull;
  work_end: string | null;
  narrative: string | null;
  verdict: JsonOrNull;
  /** The judged change set against its base, as text; null where it was not judged, or could not be read. */
  diff_digest: string | null;
  started_at: Time;
  ended_at: TimeOrNull;
}

export interface JobTable {
  name: string;
  task_id: string;
  attempt: number;
  round: number;
  kind: string;
  number: number;
  spec: Json;
  phase: string | null;
  phase_since: TimeOrNull;
  bound_uid: string | null;
  closed_at: TimeOrNull;
  closed_reason: string | null;
  reported: JsonOrNull;
  heartbeat_at: TimeOrNull;
  failure: JsonOrNull;
  verify_ended: Generated<boolean>;
  nothing_comes: Generated<boolean>;
  base_results: string | null;
  new_results: string | null;
  git_token: Uint8Array | null;
  /** The next try to revoke it; null: no try has failed. */
  revoke_at: TimeOrNull;
  created_at: Time;
  launched_at: TimeOrNull;
  ended_at: TimeOrNull;
  observation: JsonOrNull;
  /** The adapter was asked to end it; nothing of it runs any more once `ended_at` stands. */
  stop_asked_at: TimeOrNull;
  removed_at: TimeOrNull;
  /** Where it takes a place until it is removed; null on one machine. */
  namespace: string | null;
}

export interface PhaseTokenTable {
  hash: string;
  job_name: string;
  phase: string;
  created_at: Time;
  /** The pod that a cluster's API server bound the token to; null for a token that we issued. */
  pod_uid: string | null;
  /** The API server's name for the token, as in its own audit log. */
  credential_id: string | null;
  /** The token's `exp`; null for a token that we issued. */
  expires_at: TimeOrNull;
}

export interface BlobTable {
  digest: string;
  bytes: Uint8Array;
  created_at: Time;
}

export interface IntentTable {
  task_id: string;
  surface: string;
  key: string;
  epoch: number;
  created_at: Time;
  external_id: string | null;
  body_digest: string | null;
  done_at: TimeOrNull;
  last_edit_ms: Generated<number>;
}

export interface AuditEventTable {
  task_id: string;
  seq: number;
  at: Time;
  type: string;
  data: Json;
  previous_hash: string;
  hash: string;
}

export interface InstallationAuditTable {
  installation_id: bigint;
  seq: number;
  at: Time;
  task_id: string;
  head: string;
  previous_hash: string;
  hash: string;
  written_at: TimeOrNull;
}

export interface LedgerScopeTable {
  id: string;
  cap_nano_usd: bigint;
  spent_nano_usd: ColumnType<bigint, bigint | undefined, bigint>;
  reserved_nano_usd: ColumnType<bigint, bigint | undefined, bigint>;
}

export interface LedgerRowTable {
  id: string;
  request_id: string;
  scopes: string[];
  task_id: string | null;
  job_name: string | null;
  model: string;
  state: string;
  reserved_nano_usd: bigint;
  settled_nano_usd: bigint | null;
  usage: JsonOrNull;
  flags: Generated<string[]>;
  gateway: string;
  lease_until: Time;
  created_at: Time;
  settled_at: TimeOrNull;
  attempt: number | null;
  round: number | null;
  status: number | null;
  upstream_request_id: string | null;
  audited: Generated<boolean>;
}

export interface TranscriptChunkTable {
  digest: Uint8Array;
  deflated: boolean;
  bytes: Uint8Array;
}

export interface TranscriptCallTable {
  id: string;
  task_id: string;
  attempt: number;
  round: number;
  parent_id: string | null;
  inherited: number;
  messages: Uint8Array;
  marks: string | null;
  head: Uint8Array;
  answer: Uint8Array | null;
  answer_id: string | null;
  stop_reason: string | null;
}

export interface StoreIdentityTable {
  one: Generated<boolean>;
  id: string;
}

/** All tables. A part that adds one adds it here and in a migration of its own. */
export interface Database {
  store_identity: StoreIdentityTable;
  delivery: DeliveryTable;
  task: TaskTable;
  round: RoundTable;
  job: JobTable;
  phase_token: PhaseTokenTable;
  blob: BlobTable;
  intent: IntentTable;
  audit_event: AuditEventTable;
  installation_audit: InstallationAuditTable;
  ledger_scope: LedgerScopeTable;
  ledger_row: LedgerRowTable;
  transcript_chunk: TranscriptChunkTable;
  transcript_call: TranscriptCallTable;
}
