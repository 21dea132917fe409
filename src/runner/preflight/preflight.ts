/** What every phase does before anything else: makes its own folders, and refuses to start beside a credential. */
import { mkdirSync } from 'node:fs';
import type { RunnerLayout } from '../../result/contract/layout.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { lookForCredentials } from './look-for-credentials.ts';

/** What the preflight is given. */
export interface PreflightDeps {
  readonly layout: RunnerLayout;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Findings that are named; more would only fill the page. */
const NAMED = 10;

/** Throws `PhaseFailedError` `credential-found`, whose message is the places, never values. */
export function preflight({ layout, env }: PreflightDeps): void {
  const findings = lookForCredentials({ layout, env, root: '/' });
  if (findings.length > 0) {
    throw new PhaseFailedError({ code: 'credential-found', message: findings.slice(0, NAMED).join(', ') });
  }
  // A volume comes empty, and HOME is a folder in one.
  for (const folder of [layout.home, layout.tmp]) mkdirSync(folder, { recursive: true });
}
