/** Prints the demo live: a table that redraws in place on a terminal, a line per change elsewhere, JSON lines with `--json`. */
import type { Writable } from 'node:stream';
import { type Stage, type StageName, seconds, stageLine } from './stage.ts';

export interface Screen {
  /** A line of prose; `--json` leaves it out. */
  say(text: string): void;
  /** All stages as they are now. */
  show(stages: readonly Stage[]): void;
  /** The last object of `--json`; prose elsewhere is said by `say`. */
  result(value: Readonly<Record<string, unknown>>): void;
}

/** What decides the form. */
export interface ScreenOptions {
  readonly out: Writable;
  readonly json: boolean;
  readonly tty: boolean;
  readonly now: () => Date;
}

/** Builds the screen of this run. */
export function createScreen(options: ScreenOptions): Screen {
  if (options.json) return jsonScreen(options);
  return options.tty ? liveScreen(options) : lineScreen(options);
}

function jsonScreen({ out }: ScreenOptions): Screen {
  const line = (value: unknown): void => {
    out.write(`${JSON.stringify(value)}\n`);
  };
  return {
    say: () => {},
    show: onChange(({ stage, state, ms }) =>
      line({ type: 'stage', stage, state, ...(ms === null ? {} : { ms: Math.round(ms) }) }),
    ),
    result: (value) => line({ type: 'result', ...value }),
  };
}

function lineScreen({ out, now }: ScreenOptions): Screen {
  return {
    say: (text) => void out.write(`${text}\n`),
    show: onChange((stage) => {
      if (stage.state === 'waiting') return;
      const parts = [
        `${now().toISOString().slice(11, 19)}Z`,
        stage.state,
        stage.stage,
        seconds(stage.ms),
        stage.detail,
      ];
      out.write(`${parts.filter((part) => part !== '').join(' ')}\n`);
    }),
    result: () => {},
  };
}

function liveScreen({ out }: ScreenOptions): Screen {
  let drawn = 0;
  return {
    say(text) {
      out.write(`${text}\n`);
      drawn = 0;
    },
    show(stages) {
      const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
      out.write(up + stages.map((stage) => `\u001b[2K${stageLine(stage)}\n`).join(''));
      drawn = stages.length;
    },
    result: () => {},
  };
}

/** Calls `tell` for each stage whose state changed since the last look. */
function onChange(tell: (stage: Stage) => void): (stages: readonly Stage[]) => void {
  const told = new Map<StageName, string>();
  return (stages) => {
    for (const stage of stages) {
      if (told.get(stage.stage) === stage.state) continue;
      told.set(stage.stage, stage.state);
      tell(stage);
    }
  };
}
