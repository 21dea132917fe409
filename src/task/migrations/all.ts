/** Every migration by name, in order. Names sort; a released file is never edited. */
import type { Migration } from 'kysely/migration';
import * as record from './0001-record.ts';
import * as audit from './0002-audit.ts';
import * as ledger from './0003-ledger.ts';
import * as transcript from './0004-transcript.ts';
import * as installationAudit from './0005-installation-audit.ts';
import * as reserveOpen from './0006-reserve-open.ts';
import * as provenTokens from './0007-proven-tokens.ts';
import * as places from './0008-places.ts';
import * as endCall from './0009-end-call.ts';
import * as narrowRows from './0010-narrow-rows.ts';
import * as diff from './0011-diff.ts';
import * as failingSince from './0012-failing-since.ts';
import * as revokeAt from './0013-revoke-at.ts';
import * as surfaceFailingSince from './0014-surface-failing-since.ts';

export const MIGRATIONS: Record<string, Migration> = {
  '0001-record': record,
  '0002-audit': audit,
  '0003-ledger': ledger,
  '0004-transcript': transcript,
  '0005-installation-audit': installationAudit,
  '0006-reserve-open': reserveOpen,
  '0007-proven-tokens': provenTokens,
  '0008-places': places,
  '0009-end-call': endCall,
  '0010-narrow-rows': narrowRows,
  '0011-diff': diff,
  '0012-failing-since': failingSince,
  '0013-revoke-at': revokeAt,
  '0014-surface-failing-since': surfaceFailingSince,
};
