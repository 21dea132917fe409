/** Ctrl-C and SIGTERM: the first ends the demo, which takes time where it stands in a cluster; a later one leaves at once. */

/** Both at once come from one Ctrl-C, when whoever started us passes it on too. */
const SAME_MS = 1_000;

/** What it acts on. */
export interface Interruptible {
  readonly process: {
    on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
    exit(code: number): never;
  };
  readonly now: () => number;
  readonly abort: () => void;
  readonly say: (text: string) => void;
  /** What a person does about what a second one leaves behind. */
  readonly leftText: string;
}

/** Listens until the process ends. */
export function onInterruption({ process, now, abort, say, leftText }: Interruptible): void {
  let first: number | null = null;
  const interrupt = (): void => {
    if (first === null) {
      first = now();
      say('Interrupted: ending what runs and removing what was made.');
      abort();
    } else if (now() - first > SAME_MS) {
      say(`Interrupted again: ${leftText}`);
      process.exit(130);
    }
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
}
