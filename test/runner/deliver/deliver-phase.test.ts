import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_RESULT_BYTES, NewResults } from '../../../src/result/contract/cell.ts';
import { changeSetDigest } from '../../../src/result/contract/change-set.ts';
import type { DeliverSpec, SealedSet } from '../../../src/result/contract/phase-spec.ts';
import { runDeliver } from '../../../src/runner/deliver/deliver-phase.ts';
import { waitFor, writeExchange } from '../../../src/runner/exchange-file.ts';
import { createGatewayClient } from '../../../src/runner/gateway/gateway-client.ts';
import type { PhaseContext } from '../../../src/runner/phase-context.ts';
import { PhaseStoppedError } from '../../../src/runner/phase-failed.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { FakeGateway } from '../../fakes/fake-gateway.ts';
import { checkSpec, LIMITS, type RunnerSandbox, runnerSandbox } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  box = runnerSandbox({ gateway: { socketPath: gateway.socketPath }, tokenFile: gateway.tokenFile });
});
afterEach(async () => {
  box.remove();
  await gateway.close();
});

const common = { taskId: '7k2m9q', job: 'gb', limits: LIMITS };
const SPEC: DeliverSpec = {
  phase: 'deliver',
  ...common,
  verify: { phase: 'verify', ...common, checks: [checkSpec({})] },
};

const changeSet = { baseSha: 'a'.repeat(40), entries: [], ignoredFiles: 0, setupAltered: [] };
const SET: SealedSet = { digest: changeSetDigest(changeSet), changeSet, harnessPaths: [] };
const OTHER = `sha256:${'1'.repeat(64)}`;

const forgedCell = (side: 'base' | 'new') => ({
  check: 'test',
  source: side,
  tests: side,
  outcome: 'passed',
  exitCode: 0,
  signal: null,
  limit: null,
  durationMs: 1,
  results: null,
  reportProblem: null,
  output: { head: '', tail: '', totalBytes: 0 },
});

function deliver(context: PhaseContext = box.context): Promise<void> {
  const client = createGatewayClient({
    target: box.layout.gateway,
    tokenFile: gateway.tokenFile,
    clock: systemClock,
    patienceMs: 5_000,
  });
  return runDeliver({ ...context, gateway: client, verifyEnded: () => gateway.verifyEnded }, SPEC);
}

const until = (look: () => boolean) =>
  waitFor(systemClock, AbortSignal.timeout(10_000), () => (look() ? true : null));
const writeNew = (digest: string, complete: boolean) =>
  writeExchange(box.path('results'), 'new.json', { digest, complete, cells: [] });

test('carries the spec in, base results out, then the set in and the rest out', async () => {
  const running = deliver();
  await until(() => existsSync(box.path('sealed/verify-spec.json')));
  expect(JSON.parse(readFileSync(box.path('sealed/verify-spec.json'), 'utf8'))).toEqual(SPEC.verify);
  gateway.sealed = SET;
  expect(existsSync(box.path('sealed/sealed-set.json'))).toBe(false);
  writeExchange(box.path('results'), 'base.json', { cells: [] });
  await until(() => existsSync(box.path('sealed/sealed-set.json')));
  expect(gateway.base).toEqual([{ cells: [] }]);
  writeNew(SET.digest, false);
  writeNew(SET.digest, true);
  await running;
  expect(gateway.next).toEqual([{ digest: SET.digest, complete: true, cells: [] }]);
});

test('new cells that rewrite the base results come too late; before the upload they have no set to run', async () => {
  const forged = { cells: [forgedCell('base')] };
  writeExchange(box.path('results'), 'base.json', { cells: [] });
  gateway.sealed = SET;
  const running = deliver();
  await until(() => existsSync(box.path('sealed/sealed-set.json')));
  writeExchange(box.path('results'), 'base.json', forged);
  writeNew(SET.digest, true);
  await running;
  expect(gateway.base).toEqual([{ cells: [] }]);
});

test('counter-test: the same file written before the upload is taken', async () => {
  writeExchange(box.path('results'), 'base.json', { cells: [forgedCell('base')] });
  gateway.sealed = 'nothing';
  await deliver();
  expect(gateway.base).toEqual([{ cells: [forgedCell('base')] }]);
});

test('tells verify when nothing will come', async () => {
  writeExchange(box.path('results'), 'base.json', { cells: [] });
  gateway.sealed = 'nothing';
  await deliver();
  expect(existsSync(box.path('sealed/nothing'))).toBe(true);
  expect(gateway.next).toEqual([]);
});

test.each([
  ['nothing', () => {}],
  ['an incomplete file', () => writeNew(SET.digest, false)],
  ['results for another digest', () => writeNew(OTHER, true)],
  ['rubbish, written by the code that it checked', () => writeFileSync(box.path('results/new.json'), '{"di')],
])('a dead verify that left %s is delivered as incomplete', async (_name, leave) => {
  writeExchange(box.path('results'), 'base.json', { cells: [] });
  gateway.sealed = SET;
  const running = deliver();
  await until(() => existsSync(box.path('sealed/sealed-set.json')));
  leave();
  gateway.verifyEnded = true;
  await running;
  expect(gateway.next).toEqual([{ digest: SET.digest, complete: false, cells: [] }]);
});

test('a file of verify that is larger than an upload may be is carried with less in it, never kept back', async () => {
  const message = 'x'.repeat(2_000);
  const results = Array.from({ length: 17_000 }, (_, at) => ({
    id: `test ${at}`,
    file: null,
    status: 'failed',
    failure: { kind: 'assertion', message },
  }));
  const cells = [{ ...forgedCell('new'), outcome: 'failed', exitCode: 1, results }];
  writeExchange(box.path('results'), 'base.json', { cells: [] });
  gateway.sealed = SET;
  const running = deliver();
  await until(() => existsSync(box.path('sealed/sealed-set.json')));
  writeExchange(box.path('results'), 'new.json', { digest: SET.digest, complete: true, cells });
  expect(statSync(box.path('results/new.json')).size).toBeGreaterThan(MAX_RESULT_BYTES);
  await running;
  const uploaded = NewResults.parse(gateway.next[0]);
  expect(Buffer.byteLength(JSON.stringify(uploaded))).toBeLessThanOrEqual(MAX_RESULT_BYTES);
  expect(uploaded.cells[0]?.results).toHaveLength(17_000);
});

test('a verify that dies before its base results is a failure of ours', async () => {
  gateway.verifyEnded = true;
  await expect(deliver()).rejects.toThrow('verify ended before its base results');
  expect(gateway.base).toEqual([]);
});

test('base results that are no such thing are not uploaded', async () => {
  writeFileSync(box.path('results/base.json'), '{"cells": "all passed"}');
  await expect(deliver()).rejects.toMatchObject({ code: 'exchange-invalid' });
  expect(gateway.base).toEqual([]);
});

describe('told to stop', () => {
  const stopping = () => {
    const stop = new AbortController();
    return { stop, context: { ...box.context, stop: stop.signal } };
  };

  test('brings what verify, which is told at the same time, still writes down', async () => {
    const { stop, context } = stopping();
    writeExchange(box.path('results'), 'base.json', { cells: [] });
    gateway.sealed = SET;
    const running = deliver(context);
    await until(() => existsSync(box.path('sealed/sealed-set.json')));
    stop.abort();
    writeExchange(box.path('results'), 'new.json', {
      digest: SET.digest,
      complete: false,
      cells: [forgedCell('new')],
    });
    await running;
    expect(gateway.next).toEqual([{ digest: SET.digest, complete: false, cells: [forgedCell('new')] }]);
  });

  test('before there are base results: has nothing to bring, and failed at nothing', async () => {
    const { stop, context } = stopping();
    const running = deliver(context);
    stop.abort();
    await expect(running).rejects.toBeInstanceOf(PhaseStoppedError);
    expect([gateway.base, gateway.next]).toEqual([[], []]);
  });
});
