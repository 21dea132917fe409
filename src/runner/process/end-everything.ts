/**
 * Kills whatever a check or the agent left behind and proves it by /proc. As the first process of a namespace of our own
 * (a pod's container, bubblewrap) everything but us goes. Elsewhere (isolation `none`) only what is provably ours goes:
 * descendants, our sessions, and whoever carries our mark or stands in our folders; a daemon that sheds all of these is
 * missed there unless the adapter made us a subreaper, which is why that mode calls itself unfenced.
 */
import type { Clock } from '../../shared/clock.ts';
import { liveProcesses, type ProcessRow } from './process-table.ts';

/** How to know our own where the namespace is shared. */
export interface Ours {
  /** Environment text `NAME=value` that everything we start carries. */
  readonly mark: string;
  /** Session ids of what we started (its leader's pid). */
  readonly sessions: readonly number[];
  /** Folders that nobody else works in. */
  readonly folders: readonly string[];
}

/** True where every other process but the namespace's init is ours to kill. */
export function ownsNamespace(rows: readonly ProcessRow[], self = process.pid): boolean {
  if (self === 1) return true;
  const me = rows.find((row) => row.pid === self);
  const init = rows.find((row) => row.pid === 1);
  return me?.ppid === 1 && init?.name === 'bwrap';
}

/** The rows to kill. Pure, so that the rules can be tested without killing. */
export function condemned(rows: readonly ProcessRow[], ours: Ours, self = process.pid): ProcessRow[] {
  const others = rows.filter((row) => row.pid !== 1 && row.pid !== self);
  if (ownsNamespace(rows, self)) return others;
  const above = ancestors(rows, self);
  const candidates = others.filter((row) => !above.has(row.pid));
  const found = new Set([self, ...candidates.filter((row) => isMarked(row, ours)).map((row) => row.pid)]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const row of candidates) if (found.has(row.ppid)) found.add(row.pid);
  }
  return candidates.filter((row) => found.has(row.pid));
}

/**
 * A look at /proc is no instant: who forks between its list and its reading, and ends, was on neither. So several looks in
 * a row, apart, must find nobody.
 */
const CLEAN_LOOKS = 5;
const BETWEEN_MS = 5;

/** Stops, then kills, again and again until enough looks find nobody. Resolves with who is left after `maxMs`. */
export async function endEverything(clock: Clock, ours: Ours, maxMs = 5_000): Promise<readonly ProcessRow[]> {
  const until = clock.now() + maxMs;
  let clean = 0;
  for (;;) {
    const rows = liveProcesses();
    const left = condemned(rows, ours);
    clean = left.length === 0 ? clean + 1 : 0;
    if (clean === CLEAN_LOOKS || clock.now() > until) return left;
    kill(rows, left);
    await clock.sleep(clean === 0 ? 1 : BETWEEN_MS);
  }
}

/**
 * Groups first: the kernel ends a whole one at once, so nobody who forks meanwhile gets away. Then one by one, all stopped
 * before: a forker whose processes are killed singly outruns us.
 */
function kill(rows: readonly ProcessRow[], doomed: readonly ProcessRow[]): void {
  for (const group of wholeGroups(rows, doomed)) signal(-group, 'SIGKILL');
  for (const row of doomed) signal(row.pid, 'SIGSTOP');
  for (const row of doomed) signal(row.pid, 'SIGKILL');
}

/** Process groups of which every member that we see is to go. */
export function wholeGroups(rows: readonly ProcessRow[], doomed: readonly ProcessRow[]): ReadonlySet<number> {
  const gone = new Set(doomed.map((row) => row.pid));
  const shared = new Set(rows.filter((row) => !gone.has(row.pid)).map((row) => row.group));
  return new Set(doomed.map((row) => row.group).filter((group) => group > 1 && !shared.has(group)));
}

function ancestors(rows: readonly ProcessRow[], self: number): Set<number> {
  const parents = new Map(rows.map((row) => [row.pid, row.ppid]));
  const above = new Set<number>();
  for (let pid = parents.get(self); pid !== undefined && pid > 0 && !above.has(pid); pid = parents.get(pid)) {
    above.add(pid);
  }
  return above;
}

function isMarked({ session, cwd, environ }: ProcessRow, ours: Ours): boolean {
  if (ours.sessions.includes(session)) return true;
  if (cwd !== null && ours.folders.some((folder) => cwd === folder || cwd.startsWith(`${folder}/`)))
    return true;
  return environ.split('\0').includes(ours.mark);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already, or not ours to signal; the next look tells.
  }
}
