/** What one check of `glovebox doctor` is, and what it may find. A check that cannot be run says so; it is never silently ok. */

/** One line of the table. `fix` is an order: what to do; null only where all is well. */
export interface Finding {
  readonly state: 'ok' | 'fails' | 'warns';
  readonly text: string;
  readonly fix: string | null;
}

/** One check, in a file of its own. */
export interface Check {
  /** As the table shows it, at most 15 characters. */
  readonly name: string;
  readonly timeoutMs: number;
  /** What to do where it could not be run to its end. */
  readonly remedy: string;
  /**
   * At least one finding. Ends soon after the signal aborts, and leaves nothing behind. An expected failure that it throws
   * (`GloveboxError`) is a finding that fails; anything else is our fault.
   */
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** It holds. */
export function ok(text: string): Finding {
  return { state: 'ok', text, fix: null };
}

/** It does not hold. */
export function fails(text: string, fix: string): Finding {
  return { state: 'fails', text, fix };
}

/** It could not be looked at, or deserves a look. */
export function warns(text: string, fix: string): Finding {
  return { state: 'warns', text, fix };
}

/** True for a finding that stands where something else was looked for. */
export function isFinding(value: object): value is Finding {
  return 'state' in value && 'text' in value && 'fix' in value;
}

/** What was looked for apart from the findings that stand in its place. */
export function apart<Wanted extends object>(
  found: readonly (Wanted | Finding)[],
): { readonly wanted: readonly Wanted[]; readonly findings: readonly Finding[] } {
  const wanted: Wanted[] = [];
  const findings: Finding[] = [];
  for (const one of found) {
    if (isFinding(one)) findings.push(one);
    else wanted.push(one);
  }
  return { wanted, findings };
}
