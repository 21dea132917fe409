/** Reads `/proc/PID/stat` (proc_pid_stat(5)), the one place where the kernel says how a process hangs together. */

/** One process. `state` is the kernel's letter: `Z` and `X` are dead already. `startTime` is in clock ticks since boot. */
export interface ProcessStat {
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTime: number;
  readonly residentPages: number;
}

/** Null for what is no such line. The name may hold anything, spaces and parentheses too: fields begin after the last one. */
export function parseProcessStat(text: string): ProcessStat | null {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const [state, parent, group, session] = fields;
  if (close < 0 || state === undefined || session === undefined) return null;
  return {
    name: text.slice(text.indexOf('(') + 1, close),
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: Number(fields[19]),
    residentPages: Number(fields[21]),
  };
}
