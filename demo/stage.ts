/** The demo's stages as people see them: six rows, each with a state, a detail and a time. */

/** Names in their order. */
export const STAGES = ['accept', 'fetch', 'setup', 'work', 'verify', 'publish'] as const;
export type StageName = (typeof STAGES)[number];

/** `skipped` is done without anything to do; `failed` ended the task there. */
export type StageState = 'waiting' | 'running' | 'done' | 'skipped' | 'failed';

export interface Stage {
  readonly stage: StageName;
  readonly state: StageState;
  readonly detail: string;
  readonly ms: number | null;
}

/** `0.3 s`; empty where nothing was measured. */
export function seconds(ms: number | null): string {
  return ms === null ? '' : ms === 0 ? '0 s' : `${(ms / 1_000).toFixed(1)} s`;
}

/** One line of the table, cut to 80 columns; state and time are never cut. */
export function stageLine(stage: Stage): string {
  const time = seconds(stage.ms).padStart(8);
  const head = `  ${stage.state.padEnd(8)} ${stage.stage.padEnd(8)}  `;
  const room = 80 - head.length - time.length - 1;
  const detail = stage.detail.length > room ? `${stage.detail.slice(0, room - 3)}...` : stage.detail;
  return `${head}${detail.padEnd(room)} ${time}`.trimEnd();
}
