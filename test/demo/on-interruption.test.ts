import { expect, it } from 'vitest';
import { onInterruption } from '../../demo/on-interruption.ts';

class FakeProcess {
  exits: number[] = [];
  readonly #listeners = new Map<string, () => void>();
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): void {
    this.#listeners.set(signal, listener);
  }
  emit(signal: string): void {
    this.#listeners.get(signal)?.();
  }
  exit(code: number): never {
    this.exits.push(code);
    throw new Error('the process has ended');
  }
}

function listen() {
  const process = new FakeProcess();
  const said: string[] = [];
  let nowMs = 0;
  let aborts = 0;
  onInterruption({
    process,
    now: () => nowMs,
    abort: () => {
      aborts += 1;
    },
    say: (text) => void said.push(text),
    leftText: 'the rest goes with: kubectl delete',
  });
  const press = (signal: NodeJS.Signals, atMs: number): void => {
    nowMs = atMs;
    process.emit(signal);
  };
  return { process, said, press, aborts: () => aborts };
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  'ends the demo at the first %s, and says what takes time now',
  (signal) => {
    const { process, said, press, aborts } = listen();
    press(signal, 0);
    expect([aborts(), process.exits]).toEqual([1, []]);
    expect(said).toEqual(['Interrupted: ending what runs and removing what was made.']);
  },
);

it('takes a Ctrl-C that reaches it twice, by the terminal and by npm, for one', () => {
  const { process, press, aborts } = listen();
  press('SIGINT', 0);
  press('SIGINT', 30);
  expect([aborts(), process.exits]).toEqual([1, []]);
});

it('leaves at once when it is pressed again, and says how to remove the rest', () => {
  const { process, said, press } = listen();
  press('SIGINT', 0);
  expect(() => press('SIGINT', 5_000)).toThrow('the process has ended');
  expect(process.exits).toEqual([130]);
  expect(said.at(-1)).toBe('Interrupted again: the rest goes with: kubectl delete');
});
