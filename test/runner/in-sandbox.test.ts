/** The real runner in the real one-machine sandbox: what the preflight meets there, and what first process means there. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildRunner } from '../../build/bundle.ts';
import type { BaseResults } from '../../src/result/contract/cell.ts';
import type { CheckSpec, PhaseSpec } from '../../src/result/contract/phase-spec.ts';
import { waitFor } from '../../src/runner/exchange-file.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { FakeGateway } from '../fakes/fake-gateway.ts';
import { call } from '../fakes/scripted-anthropic.ts';
import {
  ended,
  isolations,
  jobSpec,
  openTestSandbox,
  type TestSandbox,
  TOKENS,
} from '../fixtures/process-sandbox.ts';
import { checkSpec, commitAll, LIMITS, writeFiles } from '../fixtures/runner-sandbox.ts';

let folder: string;
let runnerFile: string;
let baseSha: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'insb-'));
  runnerFile = (await buildRunner(folder)).file;
  writeFiles(join(folder, 'repository'), { 'a.txt': 'a\n' });
  baseSha = commitAll(join(folder, 'repository'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let sandbox: TestSandbox;
let gateway: FakeGateway;
beforeEach(async () => {
  sandbox = await openTestSandbox({ runnerFile });
  gateway = await new FakeGateway(sandbox.options.gatewaySocket).start();
  gateway.gitFolder = join(folder, 'repository/.git');
});
afterEach(async () => {
  await sandbox.close();
  await gateway.close();
});

const common = { taskId: '7k2m9q', job: 'gb', limits: LIMITS };

function specs(parts: { setup?: string[]; checks?: CheckSpec[] }): Record<string, PhaseSpec> {
  const checks = parts.checks ?? [checkSpec({})];
  return {
    [TOKENS.fetch]: { phase: 'fetch', ...common, gitPath: '/git/repo.git', baseSha },
    [TOKENS.setup]: { phase: 'setup', ...common, commands: parts.setup ?? [], timeoutMs: 20_000 },
    [TOKENS.work]: {
      phase: 'work',
      ...common,
      baseSha,
      model: 'scripted',
      maxOutputTokens: 1_000,
      contextTokens: 100_000,
      maxTurns: 5,
      untrusted: [{ label: 'issue', text: 'x' }],
      instructionFiles: [],
      protectedPaths: [],
      checks,
      resume: null,
      round: 1,
      nonce: 'f'.repeat(32),
    },
    [TOKENS.deliver]: { phase: 'deliver', ...common, verify: { phase: 'verify', ...common, checks } },
  };
}

function give(parts: Parameters<typeof specs>[0]): void {
  for (const [token, spec] of Object.entries(specs(parts))) gateway.specs.set(token, spec);
}

const toolEnv = { PATH: process.env['PATH'] ?? '' };
const exits = async (name: string) =>
  (await ended(sandbox.sandbox, name)).phases.map((phase) => [phase.phase, phase.exitCode]);

describe.each(isolations)('isolation %s', (isolation) => {
  test('a work job goes from the clone to the seal', async () => {
    give({ setup: ['echo s > s.txt'] });
    const steps = [
      call('t1', 'bash', { command: 'echo b >> a.txt; ls' }),
      call('t2', 'finish', { narrative: 'done' }),
    ];
    gateway.replies = (_request, index) => steps[index] ?? { blocks: [] };
    const spec = jobSpec(isolation, {}, { toolEnv });
    await sandbox.sandbox.launch(spec, TOKENS);
    expect(await exits(spec.name)).toEqual([
      ['fetch', 0],
      ['setup', 0],
      ['work', 0],
    ]);
    expect(gateway.seals).toMatchObject([{ end: 'finished' }]);
    expect(gateway.changeSets.at(-1)?.entries).toMatchObject([{ op: 'put', path: 'a.txt' }]);
  });

  test('a verify job delivers its base cells; a survivor of one is gone in the next', async () => {
    const survivor = `setsid sh -c 'trap "" TERM; exec env -i sleep 31313' >/dev/null 2>&1 & sleep 0.2`;
    const checks = [
      checkSpec({ name: 'leave', run: survivor }),
      checkSpec({
        name: 'look',
        run: 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -c "[s]leep 31313"',
      }),
    ];
    give({ checks });
    const spec = jobSpec(
      isolation,
      {},
      { toolEnv, kind: 'verify', phases: ['fetch', 'setup', 'verify', 'deliver'] },
    );
    gateway.sealed = 'nothing';
    await sandbox.sandbox.launch(spec, TOKENS);
    await waitFor(systemClock, AbortSignal.timeout(20_000), () => (gateway.base.length > 0 ? true : null));
    expect(await exits(spec.name)).toEqual([
      ['fetch', 0],
      ['setup', 0],
      ['verify', 0],
      ['deliver', 0],
    ]);
    const base: BaseResults | undefined = gateway.base[0];
    expect(base?.cells.map((cell) => [cell.check, cell.outcome])).toEqual([
      ['leave', 'passed'],
      ['look', 'failed'],
    ]);
    expect(base?.cells[1]?.output.head.trim()).toBe('0');
  });
});

describe.runIf(isolations.includes('bubblewrap'))('in bubblewrap', () => {
  test('a setup that needs the network fails before the first model call, and says why', async () => {
    give({
      setup: [
        'node -e "fetch(\'https://registry.example.com\').catch(e => { console.error(e.cause); process.exit(1) })"',
      ],
    });
    const spec = jobSpec('bubblewrap', {}, { toolEnv });
    await sandbox.sandbox.launch(spec, TOKENS);
    expect(await exits(spec.name)).toContainEqual(['setup', 10]);
    const failure = gateway.heartbeats.find((beat) => beat.failure !== null)?.failure;
    expect(failure).toMatchObject({
      code: 'setup-failed',
      message: expect.stringContaining('Setup has no network here.'),
    });
    expect(failure?.outputTail).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(gateway.modelRequests).toEqual([]);
  });

  test("INC-05: a credential in the tools' environment stops the job in fetch", async () => {
    give({});
    const spec = jobSpec('bubblewrap', {}, { toolEnv: { ...toolEnv, NPM_TOKEN: 'npm-secret' } });
    await sandbox.sandbox.launch(spec, TOKENS);
    expect(await exits(spec.name)).toContainEqual(['fetch', 11]);
    expect(gateway.heartbeats.at(-1)?.failure?.message).toContain('NPM_TOKEN');
  });
});

test('the bundle carries no SDK of a cluster or of GitHub', () => {
  const text = readFileSync(runnerFile, 'utf8');
  expect(text).not.toMatch(/@kubernetes|octokit/);
  expect(text.length).toBeLessThan(1_500_000);
});
