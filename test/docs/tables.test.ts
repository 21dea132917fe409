/** Tables that people read hold what the code's tables hold: every state with its steps, every outcome, every reason. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STATE_TABLE } from '../../src/task/state-table.ts';
import { Outcome, ReasonCode, TaskState } from '../../src/task/task.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('life of a task', () => {
  const rows = read('life-of-a-task.md')
    .split('\n')
    .filter((line) => /^\|[a-z]+\|[a-z]+\|(controller|webhook)\|/.test(line));

  it('has every step of the state table, in its order, and no other', () => {
    const steps = TaskState.options.flatMap((from) =>
      STATE_TABLE[from].map((step) => `|${from}|${step.to}|${step.by}|${step.when}|`),
    );
    expect(rows).toEqual(steps);
  });
});

describe('failure modes', () => {
  const text = read('failure-modes.md');

  it.each([...Outcome.options, ...ReasonCode.options])('tell of %s', (code) => {
    expect(text).toContain(`\`${code}\``);
  });
});
