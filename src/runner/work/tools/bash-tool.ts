/** The tool `bash`, as the models are trained on it (bash_20250124): a command, or a restart. */
import { z } from 'zod';
import type { BashSession, ShellAnswer } from './bash-session.ts';
import { problem, type Tool, type ToolAnswer, type ToolDeps } from './tool.ts';

const Input = z.object({ command: z.string().optional(), restart: z.boolean().optional() });

/** Builds the tool on one session. */
export function bashTool(deps: ToolDeps, session: BashSession): Tool {
  return {
    name: 'bash',
    definition: { type: 'bash_20250124', name: 'bash' },
    touchesFiles: true,
    describe: (input) =>
      `ran ${Input.safeParse(input).data?.command?.split('\n')[0]?.slice(0, 120) ?? 'a command'}`,
    async run(input, signal) {
      const parsed = Input.safeParse(input);
      if (!parsed.success) return problem('bash takes `command` (a string) or `restart` (true).');
      if (parsed.data.restart === true) {
        await session.restart();
        return { text: 'A fresh shell is ready; what ran in the old one was ended.' };
      }
      const command = parsed.data.command ?? '';
      if (command.trim() === '') return problem('bash needs a `command` that is not empty.');
      return toAnswer(deps, await session.run(command, deps.commandTimeoutMs, signal));
    },
  };
}

function toAnswer(deps: ToolDeps, answer: ShellAnswer): ToolAnswer {
  const output = deps.output.bound(answer.output.replace(/\n$/, ''));
  const note = noteOf(deps, answer);
  if (note === null) return { text: output === '' ? '(no output, exit 0)' : output };
  return { text: [output, note].filter((part) => part !== '').join('\n'), isError: true };
}

function noteOf(deps: ToolDeps, { end, exitCode }: ShellAnswer): string | null {
  const fresh = `A fresh shell is ready in ${deps.workspace}; variables and background processes are gone.`;
  switch (end) {
    case 'done':
      return exitCode === 0 ? null : `[exit ${exitCode}${killedWords(exitCode)}]`;
    case 'exited':
      return `[the command ended the shell, exit ${exitCode ?? 'by a signal'}${exitCode === null ? killedWords(SIGKILL_EXIT) : ''}. ${fresh}]`;
    case 'timed-out':
      return `[stopped after ${deps.commandTimeoutMs / 1_000} s without an end. It may wait for input, of which there is none here: use flags instead of questions; start servers with & and their output in a file. ${fresh}]`;
    case 'too-much-output':
      return `[stopped: more than ${deps.maxOutputBytes} bytes of output. Send it to a file, or filter it. ${fresh}]`;
    case 'stopped':
      return '[stopped: the round is over]';
  }
}

/** How a shell shows a child that SIGKILL ended. */
const SIGKILL_EXIT = 137;

/** Nobody here sends SIGKILL to a command that may go on but the kernel, when the sandbox's memory is full. */
function killedWords(exitCode: number | null): string {
  return exitCode === SIGKILL_EXIT ? ': killed, most often since the memory of this sandbox was full' : '';
}
