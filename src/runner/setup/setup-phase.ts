/** setup: `prepared` becomes a copy of `source`, then the repository's commands run in it, one after another. */

import type { SetupSpec } from '../../result/contract/phase-spec.ts';
import { compareTrees } from '../change-set/compare-trees.ts';
import { listTree } from '../change-set/list-tree.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError, PhaseStoppedError } from '../phase-failed.ts';
import { copyTree } from '../process/copy-tree.ts';
import { endEverything } from '../process/end-everything.ts';
import { type CommandEnd, runCommand } from '../process/run-command.ts';
import { toolEnv } from '../process/tool-env.ts';

/** How many last lines of a failed command are shown. */
const TAIL_LINES = 20;

/** Fails as `setup-failed`, before any model call. */
export async function runSetup(context: PhaseContext, spec: SetupSpec): Promise<void> {
  const { layout, report } = context;
  const { source, prepared } = layout;
  if (source === null || prepared === null) {
    throw new PhaseFailedError({ code: 'internal', message: 'setup has no source or prepared folder.' });
  }
  report.step('copying the base');
  report.fact({ copy: await copyTree(source, prepared) });
  const until = context.clock.now() + spec.timeoutMs;
  const sessions: number[] = [];
  const mark = `GLOVEBOX_SETUP=${Buffer.from(context.random(8)).toString('hex')}`;
  try {
    for (const [index, command] of spec.commands.entries()) {
      report.step(`setup: ${command}`);
      const end = await runCommand({
        argv: ['/bin/sh', '-c', command],
        cwd: prepared,
        env: { ...toolEnv(layout), GLOVEBOX_SETUP: mark.slice('GLOVEBOX_SETUP='.length) },
        timeoutMs: Math.max(1, until - context.clock.now()),
        maxOutputBytes: spec.limits.outputBytes,
        signal: context.stop,
        onStart: (pid) => sessions.push(pid),
      });
      assertSucceeded({ command, index, fenced: layout.fence === 'gateway-only' }, end);
    }
  } finally {
    await endEverything(context.clock, { mark, sessions, folders: [prepared] });
  }
  report.step(await summary(source, prepared));
}

interface SetupCommand {
  readonly command: string;
  readonly index: number;
  readonly fenced: boolean;
}

function assertSucceeded({ command, index, fenced }: SetupCommand, end: CommandEnd): void {
  if (end.stopped) throw new PhaseStoppedError();
  if (end.exitCode === 0 && end.limit === null) return;
  const how = end.limit === null ? `exited ${end.exitCode ?? end.signal}` : `was stopped (${end.limit})`;
  throw new PhaseFailedError({
    code: 'setup-failed',
    message: `\`${command.slice(0, 500)}\` ${how} in setup.${fenced ? ' Setup has no network here.' : ''}`,
    outputTail: end.capture.lastLines(TAIL_LINES),
    facts: { command: { index, exitCode: end.exitCode, limit: end.limit } },
  });
}

/** Tracked files that setup altered are said here and left out of the change set later. */
async function summary(source: string, prepared: string): Promise<string> {
  const base = await listTree(source);
  const changed = compareTrees(base, await listTree(prepared)).filter((change) => base.has(change.path));
  if (changed.length === 0) return 'setup done';
  const names = changed.slice(0, 5).map((change) => Buffer.from(change.path, 'latin1').toString('utf8'));
  return `setup done; altered ${changed.length} tracked: ${names.join(', ')}`;
}
