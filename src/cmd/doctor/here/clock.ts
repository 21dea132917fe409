/**
 * Clocks: ours against those that we share times with. Leases go by the database's, tokens by the API server's, and GitHub
 * refuses keys whose signature is more than a minute away from its own.
 */
import type { Clock } from '../../../shared/clock.ts';
import { type Check, type Finding, fails, ok, warns } from '../check.ts';
import { reasonOf } from '../place.ts';

/** Another clock minus ours in milliseconds, and by how much that may be wrong. */
export interface ClockDifference {
  readonly aheadMs: number;
  readonly errorMs: number;
}

/** Somebody with a clock. Null where it is not asked from here, which another line of the table says. */
export interface ClockSource {
  readonly name: string;
  read(signal: AbortSignal): Promise<ClockDifference | null>;
}

const WARN_MS = 2_000;
const FAIL_MS = 30_000;
const FIX = 'let NTP set the clocks of both machines';

/** Builds the check. */
export function clockCheck(sources: readonly ClockSource[]): Check {
  return {
    name: 'clock',
    timeoutMs: 20_000,
    remedy: 'see the lines of the services that did not answer',
    run: async (signal) =>
      judgeClocks(await Promise.all(sources.map((source) => readSource(source, signal)))),
  };
}

/** What came of one source. */
export interface ClockReading {
  readonly name: string;
  readonly read: ClockDifference | string | null;
}

async function readSource(source: ClockSource, signal: AbortSignal): Promise<ClockReading> {
  const { name } = source;
  return { name, read: await source.read(signal).catch(reasonOf) };
}

/** Pure: all clocks that agree make one line, each other one its own. */
export function judgeClocks(readings: readonly ClockReading[]): readonly Finding[] {
  const asked = readings.filter(({ read }) => read !== null);
  const agreeing = asked.filter(agrees).map(({ name }) => name);
  const same =
    agreeing.length === 0 ? [] : [ok(`${agreeing.join(', ')}: within ${WARN_MS / 1_000} s of here`)];
  const found = [...same, ...asked.filter((reading) => !agrees(reading)).map(complaint)];
  return found.length > 0 ? found : [warns('no other clock can be read from here', 'see the lines above')];
}

function agrees({ read }: ClockReading): boolean {
  return typeof read === 'object' && read !== null && offBy(read) <= WARN_MS;
}

function complaint({ name, read }: ClockReading): Finding {
  if (typeof read === 'string' || read === null) {
    return warns(`${name}: ${read ?? 'says no time'}`, `see why ${name} does not answer`);
  }
  return (offBy(read) > FAIL_MS ? fails : warns)(differenceText(name, read), FIX);
}

/** What is sure of the difference. */
function offBy({ aheadMs, errorMs }: ClockDifference): number {
  return Math.abs(aheadMs) - errorMs;
}

function differenceText(name: string, { aheadMs }: ClockDifference): string {
  return `${name} is ${Math.abs(aheadMs / 1_000).toFixed(1)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} here`;
}

/** The difference by an answer's `Date` header (RFC 9110, 6.6.1), which counts whole seconds; null without one. */
export function differenceOf(
  date: string | null,
  asked: { readonly atMs: number; readonly clock: Clock },
): ClockDifference | null {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return null;
  const travelMs = (asked.clock.now() - asked.atMs) / 2;
  return { aheadMs: theirs + 500 - asked.atMs - travelMs, errorMs: travelMs + 500 };
}
