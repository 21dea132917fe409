/**
 * verify: runs the base cells at once, while the agent still works; writes them down; waits for the sealed set; runs the
 * new cells. It has no token and talks to nobody but through two folders. The order of the files is the proof that no byte
 * of the agent's was here before the base results were out.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CellResult, Side } from '../../result/contract/cell.ts';
import { type ChangeEntry, changeSetDigest } from '../../result/contract/change-set.ts';
import { RESULT_FILES, type RunnerLayout, SEALED_FILES } from '../../result/contract/layout.ts';
import { SealedSet, VerifySpec } from '../../result/contract/phase-spec.ts';
import { readExchange, waitFor, writeExchange } from '../exchange-file.ts';
import { fitCells } from '../fit-cells.ts';
import { withinLimits } from '../limits/within-limits.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError, PhaseStoppedError } from '../phase-failed.ts';
import { type Cell, type CellPlace, runCell } from './run-cell.ts';

/** New cells in the order of their worth, should time run out. */
const NEW_CELLS: readonly { readonly source: Side; readonly tests: Side }[] = [
  { source: 'new', tests: 'new' },
  { source: 'new', tests: 'base' },
  { source: 'base', tests: 'new' },
];

/** Ends when the new cells are written, or when nothing will come. Fails as `internal` or `change-set-refused`. */
export async function runVerify(context: PhaseContext): Promise<void> {
  const { scratch, results, sealed } = context.layout;
  const prepared = preparedOrSource(context.layout);
  if (prepared === null || scratch === null || results === null || sealed === null) {
    throw new PhaseFailedError({ code: 'internal', message: 'verify lacks one of its folders.' });
  }
  const spec = await waitFor(context.clock, context.stop, () =>
    readExchange(VerifySpec, sealed, SEALED_FILES.spec),
  );
  if (spec === null) throw new PhaseStoppedError();
  const place: CellPlace = { prepared, scratch, limits: spec.limits };
  await withinLimits(context, spec.limits, (limited) => runCells(limited, place, { spec, results, sealed }));
}

interface Exchange {
  readonly spec: VerifySpec;
  readonly results: string;
  readonly sealed: string;
}

async function runCells(context: PhaseContext, place: CellPlace, exchange: Exchange): Promise<void> {
  const { spec, results, sealed } = exchange;
  const base: CellResult[] = [];
  for (const check of spec.checks) {
    base.push(await runCell(context, place, { check, source: 'base', tests: 'base', entries: [] }));
    if (context.stop.aborted) throw new PhaseStoppedError();
  }
  writeExchange(results, RESULT_FILES.base, { cells: fitCells(base) });
  const set = await waitFor(context.clock, context.stop, () => sealedOrNothing(sealed));
  if (set === null) throw new PhaseStoppedError();
  if (set === 'nothing') return;
  await runNewCells(context, place, { spec, set, results });
}

interface NewCells {
  readonly spec: VerifySpec;
  readonly set: SealedSet;
  readonly results: string;
}

async function runNewCells(context: PhaseContext, place: CellPlace, work: NewCells): Promise<void> {
  const { spec, set, results } = work;
  const cells: CellResult[] = [];
  const write = (complete: boolean) =>
    writeExchange(results, RESULT_FILES.next, { digest: set.digest, complete, cells: fitCells(cells) });
  write(false);
  for (const { source, tests } of NEW_CELLS) {
    const entries = entriesFor({ source, tests }, set);
    // Without a change on the tests' side this tree is the base's, which has been judged.
    if (source === 'base' && entries.length === 0) continue;
    for (const check of spec.checks) {
      cells.push(await runCell(context, place, { check, source, tests, entries }));
      write(false);
      if (context.stop.aborted) throw new PhaseStoppedError();
    }
  }
  write(true);
}

/** Where setup is left out nobody wrote `prepared`, whether the adapter gives the volume or not: cells come from `source`. */
function preparedOrSource({ prepared, source }: RunnerLayout): string | null {
  return prepared !== null && existsSync(prepared) && readdirSync(prepared).length > 0 ? prepared : source;
}

/** The part of a change set that a cell gets: harness paths count as tests, all others as source. */
export function entriesFor(sides: Pick<Cell, 'source' | 'tests'>, set: SealedSet): ChangeEntry[] {
  const harness = new Set(set.harnessPaths);
  return set.changeSet.entries.filter(
    (entry) => (harness.has(entry.path) ? sides.tests : sides.source) === 'new',
  );
}

function sealedOrNothing(sealed: string): SealedSet | 'nothing' | null {
  if (existsSync(join(sealed, SEALED_FILES.nothing))) return 'nothing';
  const set = readExchange(SealedSet, sealed, SEALED_FILES.set);
  if (set !== null && changeSetDigest(set.changeSet) !== set.digest) {
    throw new PhaseFailedError({
      code: 'change-set-refused',
      message: `The sealed set's digest is ${set.digest}, its change set's is another; nothing was run with it.`,
    });
  }
  return set;
}
