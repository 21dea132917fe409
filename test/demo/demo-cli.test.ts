/** `npm run demo` on its sample, as people start it: what it prints, and what it refuses with one sentence. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Ended, runNode } from '../fixtures/run-process.ts';

const LIMIT_MS = 120_000;
const STAGES = ['accept', 'fetch', 'setup', 'work', 'verify', 'publish'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-demo-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function demo(...args: readonly string[]): Promise<Ended> {
  return runNode(['demo/main.ts', ...args]);
}

const Line = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('stage'),
    stage: z.enum(STAGES),
    state: z.enum(['waiting', 'running', 'done', 'skipped', 'failed']),
    ms: z.int().optional(),
  }),
  z.looseObject({
    type: z.literal('result'),
    outcome: z.string(),
    ms: z.record(z.string(), z.int().nullable()),
  }),
]);

const UPSTREAM =
  "Refused: Invalid upstream 'nonsense': expected an http or https address, e.g. https://api.anthropic.com.\n";

describe('npm run demo', () => {
  it(
    'with --json prints JSON lines only: stages in their order, then the result',
    async () => {
      const { code, stdout, stderr } = await demo('--json');
      expect([code, stderr]).toEqual([0, '']);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => Line.parse(JSON.parse(line)));
      const result = lines.at(-1);
      expect(result).toMatchObject({
        type: 'result',
        outcome: 'verified',
        pull: 43,
        verified: true,
        conclusion: 'success',
        tests: { before: { passed: 148, failed: 0 }, after: { passed: 149, failed: 0 } },
        proof: { new: 1, failOnBase: 1 },
        githubCalls: { content: 5 },
      });
      const written: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(Object.keys(z.looseObject({}).parse(written)).filter((key) => key !== 'reason')).toEqual([
        'type',
        'task',
        'outcome',
        'pull',
        'commit',
        'verified',
        'conclusion',
        'tests',
        'proof',
        'costNanoUsd',
        'ms',
        'githubCalls',
      ]);
      const ended = lines.flatMap((line) =>
        line.type === 'stage' && /done|skipped/.test(line.state) ? [line.stage] : [],
      );
      expect(ended).toEqual(STAGES);
      expect(Object.values(result?.ms ?? {}).every((ms) => typeof ms === 'number')).toBe(true);
    },
    LIMIT_MS,
  );

  it(
    'without a terminal prints a line per change, the last of verify with what was counted',
    async () => {
      const { code, stdout } = await demo();
      expect(code).toBe(0);
      const done = stdout.split('\n').filter((line) => /^\d\d:\d\d:\d\dZ (done|skipped) /.test(line));
      expect(done.map((line) => line.split(' ')[2])).toEqual(STAGES);
      expect(done[4]).toMatch(/ s 148 tests before, 149 after$/);
      expect(done[5]).toMatch(/ s commit [0-9a-f]{7} verified \(emulated\), #43$/);
      expect(stdout).not.toContain('\u001b');
    },
    LIMIT_MS,
  );

  it.each([
    [
      ['--scenario', 'fixx'],
      "Refused: Unknown scenario 'fixx': expected one of fix, broken, injected, lying.\n",
    ],
    [['--images', 'registry.example.com/glovebox'], 'Refused: --images belongs to --kubernetes: say both.\n'],
    [
      ['--kubernetes', '--isolation', 'none'],
      'Refused: --isolation is for one machine: leave it out with --kubernetes.\n',
    ],
    [['--bogus'], "Refused: Unknown option '--bogus'. `npm run demo -- --help` lists the options.\n"],
    [['--upstream', 'nonsense'], UPSTREAM],
    [['--kubernetes', '--upstream', 'nonsense'], UPSTREAM],
    [['--config', 'a.yml'], 'Refused: --config belongs to --repo and --issue: say all three.\n'],
    [
      ['--repo', '.', '--issue', 'a.md', '--scenario', 'fix'],
      'Refused: --scenario is for the sample: leave it out with --repo.\n',
    ],
    [['--port', '99999'], "Refused: Invalid --port '99999': expected 0 to 65535.\n"],
  ])('refuses %j with one sentence and exits with 2', async (args, sentence) => {
    expect(await demo(...args)).toEqual({ code: 2, stdout: '', stderr: sentence });
  });

  it('without git on PATH exits with 2 and says what to do', async () => {
    const ended = await runNode(['demo/main.ts'], { env: { PATH: folder } });
    expect(ended).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Refused: git is not on PATH; install git, then run again.\n',
    });
  });

  it('with --kubernetes and without kubectl exits with 2 and says what to do', async () => {
    symlinkSync(execFileSync('which', ['git'], { encoding: 'utf8' }).trim(), join(folder, 'git'));
    const env = { PATH: folder, GLOVEBOX_TEST_CLUSTER: folder };
    expect(await runNode(['demo/main.ts', '--kubernetes'], { env })).toMatchObject({
      code: 2,
      stderr: 'Refused: kubectl is not on PATH; install kubectl, then run again.\n',
    });
  });

  it('on a busy port exits with 2 and says what to do', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      const { code, stderr } = await demo('--port', String(port));
      expect([code, stderr]).toEqual([
        2,
        `Refused: port ${port} is busy; name another with --port, then run again.\n`,
      ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
