/** Shows the doctor at work: findings as they come, on a terminal with the check in hand below them; `--json` at the end. */
import type { Check } from './check.ts';
import { countText, doctorJson, findingText } from './doctor-text.ts';
import type { Reported } from './run-checks.ts';

export interface DoctorScreen {
  start(check: Check): void;
  found(findings: readonly Reported[]): void;
  /** The last line, or all of the JSON. */
  end(findings: readonly Reported[]): void;
}

export interface ScreenOptions {
  readonly out: (text: string) => void;
  readonly json: boolean;
  readonly tty: boolean;
}

const CLEAR_LINE = '\r\u001b[2K';

/** Builds it. */
export function doctorScreen({ out, json, tty }: ScreenOptions): DoctorScreen {
  if (json) {
    return { start: () => {}, found: () => {}, end: (findings) => out(doctorJson(findings)) };
  }
  const clear = tty ? CLEAR_LINE : '';
  return {
    start: ({ name }) => (tty ? out(`${CLEAR_LINE}       ${name} ...`) : undefined),
    found: (findings) => out(clear + findings.map(findingText).join('')),
    end: (findings) => out(clear + countText(findings)),
  };
}
