/** What the tools of a job could take from the runner that starts them: a credential beside it, its debugger, its token. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { RUNNER_EXIT } from '../../src/result/contract/layout.ts';
import type { PhaseSpec } from '../../src/result/contract/phase-spec.ts';
import { waitFor } from '../../src/runner/exchange-file.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { FakeGateway } from '../fakes/fake-gateway.ts';
import { call } from '../fakes/scripted-anthropic.ts';
import {
  type BuiltRunner,
  buildRunnerFile,
  COMMON,
  RunnerJob,
  workSpec,
} from '../fixtures/bundled-runner.ts';
import type { RunnerSandbox } from '../fixtures/runner-sandbox.ts';

let runner: BuiltRunner;
beforeAll(async () => {
  runner = await buildRunnerFile();
});
afterAll(() => runner.remove());

let job: RunnerJob;
let gateway: FakeGateway;
let box: RunnerSandbox;
beforeEach(async () => {
  job = await RunnerJob.open(runner);
  ({ gateway, box } = job);
});
afterEach(() => job.close());

async function run(phase: string, spec: PhaseSpec): Promise<void> {
  gateway.spec = spec;
  const { exit, said } = job.start(phase);
  expect([await exit, await said]).toEqual([RUNNER_EXIT.done, '']);
}

test('INC-05: refuses to start beside a credential, names the place and never the value', async () => {
  const value = `ghp_${'a'.repeat(36)}`;
  gateway.spec = { phase: 'setup', ...COMMON, commands: ['touch ran'], timeoutMs: 10_000 };
  const { exit, said } = job.start('setup', { GITHUB_TOKEN: value });
  expect(await exit).toBe(RUNNER_EXIT.refused);
  expect(gateway.heartbeats.at(-1)).toMatchObject({
    state: 'failed',
    failure: { code: 'credential-found' },
  });
  const everything = JSON.stringify(gateway.heartbeats) + (await said);
  expect(everything).toContain('GITHUB_TOKEN');
  expect(everything).not.toContain(value);
  expect(existsSync(box.path('prepared/ran'))).toBe(false);
});

test('SIGUSR1 from a tool opens no debugger', async () => {
  gateway.spec = { phase: 'setup', ...COMMON, commands: ['touch began; sleep 2'], timeoutMs: 10_000 };
  const { child, exit, said } = job.start('setup');
  await waitFor(systemClock, AbortSignal.timeout(10_000), () =>
    existsSync(box.path('prepared/began')) ? true : null,
  );
  child.kill('SIGUSR1');
  expect([await exit, await said]).toEqual([RUNNER_EXIT.done, '']);
});

test('counter-test: Node left alone opens one', async () => {
  const node = spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60_000)'], { env: {} });
  job.endsWithJob(node);
  await new Promise((resolve) => node.stdout.once('data', resolve));
  node.kill('SIGUSR1');
  const words = await new Promise<Buffer>((resolve) => node.stderr.once('data', resolve));
  expect(words.toString()).toContain('Debugger listening');
});

test('INC-05: no environment and no process that tools can read holds the token', async () => {
  const baseSha = job.makeRepository();
  await run('fetch', { phase: 'fetch', ...COMMON, gitPath: '/git/repo.git', baseSha });
  const seen: string[] = [];
  gateway.replies = ({ body }, index) => {
    seen.push(JSON.stringify(body.messages));
    return index === 0
      ? call('t1', 'bash', {
          command: 'env; cat /proc/$PPID/environ /proc/$PPID/cmdline /proc/self/environ | tr "\\0" "\\n"',
        })
      : call('t2', 'finish', { narrative: '' });
  };
  await run('work', workSpec(baseSha));
  expect(seen[1]).toContain('HOME=');
  expect(seen.join('')).not.toContain(gateway.token);
  expect(readFileSync(gateway.tokenFile, 'utf8')).toContain(gateway.token);
});

test('INC-05, counter-test: a runner that is given its token in its environment shows it to its tools', async () => {
  const look = 'env; tr "\\0" "\\n" < /proc/$PPID/environ';
  const program = `import { spawnSync } from 'node:child_process';
    const env = { PATH: process.env.PATH };
    process.stdout.write(spawnSync('sh', ['-c', process.argv[1]], { env }).stdout);`;
  const naive = spawn(process.execPath, ['--input-type=module', '-e', program, look], {
    env: { PATH: process.env['PATH'], GATEWAY_TOKEN: gateway.token },
  });
  job.endsWithJob(naive);
  expect(await text(naive.stdout)).toContain(gateway.token);
});
