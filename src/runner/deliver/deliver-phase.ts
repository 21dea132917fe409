/**
 * deliver: the only voice of the verify job. Carries the spec in, the base results out, then the sealed change set in and
 * the rest out. Runs no repository code; what verify wrote is parsed as hostile.
 */
import { BaseResults, NewResults } from '../../result/contract/cell.ts';
import { RESULT_FILES, SEALED_FILES } from '../../result/contract/layout.ts';
import type { DeliverSpec, SealedSet } from '../../result/contract/phase-spec.ts';
import { hasCode } from '../../shared/errors.ts';
import { readExchange, waitFor, writeExchange } from '../exchange-file.ts';
import { fitCells } from '../fit-cells.ts';
import type { GatewayClient } from '../gateway/gateway-client.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError, PhaseStoppedError } from '../phase-failed.ts';

/** What deliver needs besides the common. `verifyEnded` is what the last heartbeat's answer said. */
export interface DeliverContext extends PhaseContext {
  readonly gateway: GatewayClient;
  readonly verifyEnded: () => boolean;
}

/**
 * Ends after the last upload, or when nothing will come. Told to stop, it brings what verify still writes down. Fails as
 * `internal` where verify died without base results.
 */
export async function runDeliver(context: DeliverContext, spec: DeliverSpec): Promise<void> {
  const { results, sealed } = context.layout;
  if (results === null || sealed === null) {
    throw new PhaseFailedError({ code: 'internal', message: 'deliver lacks one of its folders.' });
  }
  writeExchange(sealed, SEALED_FILES.spec, spec.verify);
  context.report.step('base checks running');
  const base = await fromVerify(context, () => readExchange(BaseResults, results, RESULT_FILES.base));
  if (base === null) throw verifyDied(context);
  await context.gateway.putBaseResults({ cells: fitCells(base.cells) });
  context.report.step('base checks done');
  const set = await waitForSeal(context);
  if (set === null) throw new PhaseStoppedError();
  if (set === 'nothing') {
    writeExchange(sealed, SEALED_FILES.nothing, null);
    context.report.step('nothing to check');
    return;
  }
  writeExchange(sealed, SEALED_FILES.set, set);
  context.report.step('checking the change');
  const next = await newResults(context, results, set);
  await context.gateway.putNewResults({ ...next, cells: fitCells(next.cells) });
  context.report.step('checks delivered');
}

function waitForSeal(context: DeliverContext): Promise<SealedSet | 'nothing' | null> {
  return waitFor<SealedSet | 'nothing'>(context.clock, context.stop, async () => {
    const answer = await context.gateway.sealed();
    if (answer === 'nothing') return 'nothing';
    if (answer !== 'waiting') return answer.set;
    await context.clock.sleep(SEAL_POLL_MS, context.stop).catch(() => {});
    return null;
  });
}

const SEAL_POLL_MS = 200;

/** Complete results, or what there is once verify is dead; results for another digest are none. */
async function newResults(context: DeliverContext, results: string, set: SealedSet): Promise<NewResults> {
  const read = () => {
    try {
      const found = readExchange(NewResults, results, RESULT_FILES.next);
      return found?.digest === set.digest ? found : null;
    } catch (error) {
      // The agent's code ran beside this file: rubbish in it is no result, never a reason to deliver nothing.
      if (hasCode(error, 'exchange-invalid')) return null;
      throw error;
    }
  };
  const complete = await fromVerify(context, () => {
    const found = read();
    return found?.complete === true ? found : null;
  });
  return complete ?? { digest: set.digest, cells: read()?.cells ?? [], complete: false };
}

/** What verify writes, or null once it is dead, or both of us were told to stop, and it has not written it. */
async function fromVerify<T>(context: DeliverContext, look: () => T | null): Promise<T | null> {
  const { clock, stop } = context;
  const found = await waitFor<{ value: T | null }>(clock, stop, () => {
    // Asked first: what verify wrote right before its end is still found.
    const ended = context.verifyEnded();
    const value = look();
    return value !== null || ended ? { value } : null;
  });
  if (found !== null) return found.value;
  await clock.sleep(LAST_WORDS_MS);
  return look();
}

/** verify is told at the same time, kills its check and writes down what it has. */
const LAST_WORDS_MS = 2_000;

function verifyDied({ stop }: DeliverContext): Error {
  if (stop.aborted) return new PhaseStoppedError();
  return new PhaseFailedError({
    code: 'internal',
    message: 'verify ended before its base results; expected them in its results.',
  });
}
