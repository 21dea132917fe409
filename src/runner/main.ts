/**
 * `node runner.mjs PHASE LAYOUT` (a file's path, or the layout itself): the sandbox's first process, one phase of one job.
 * Reads the layout, runs the preflight, fetches the phase's spec, does its part under heartbeats, and says by its exit code
 * how it went.
 */
import { readFileSync } from 'node:fs';
import { RUNNER_EXIT, RunnerLayout } from '../result/contract/layout.ts';
import { Phase } from '../result/contract/phase-spec.ts';
import { systemClock } from '../shared/clock.ts';
import { systemRandom } from '../shared/ids.ts';
import { boundedSay } from './bounded-say.ts';
import { runPhase } from './run-phase.ts';
import { runSelfTest } from './self-test.ts';

/** Takes the two arguments; resolves with the exit code. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const phase = Phase.safeParse(args[0]);
  const layout = readLayout(args[1]);
  if (!phase.success || layout === null) {
    process.stderr.write('Usage: node runner.mjs fetch|setup|work|verify|deliver LAYOUT\n');
    return RUNNER_EXIT.usage;
  }
  const terminated = new AbortController();
  const onTerm = () => terminated.abort(new Error('SIGTERM'));
  process.once('SIGTERM', onTerm);
  process.once('SIGINT', onTerm);
  // Left alone, Node answers it by opening its debugger on localhost, for whoever is there.
  process.on('SIGUSR1', () => {});
  const run = {
    phase: phase.data,
    layout,
    env,
    clock: systemClock,
    random: systemRandom,
    terminated: terminated.signal,
    say: boundedSay((text) => void process.stderr.write(text)),
  };
  return layout.selfTest === undefined ? runPhase(run) : runSelfTest(run, layout.selfTest);
}

function readLayout(path: string | undefined): RunnerLayout | null {
  try {
    const text = path?.startsWith('{') ? path : readFileSync(path ?? '', 'utf8');
    return RunnerLayout.parse(JSON.parse(text));
  } catch (error) {
    process.stderr.write(
      `Layout '${path}' cannot be read: ${error instanceof Error ? error.message : 'error'}\n`,
    );
    return null;
  }
}
