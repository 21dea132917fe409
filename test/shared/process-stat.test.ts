/** `/proc/PID/stat` whatever a process calls itself. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseProcessStat } from '../../src/shared/process-stat.ts';

const REST = 'S 41 42 43 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1000000 321 0 0';

describe('the line of a process', () => {
  it.each(['node', 'a b', ') R 1 1 1', '((', 'x) Z 7', ''])('is read behind the name %j', (name) => {
    expect(parseProcessStat(`40 (${name}) ${REST}\n`)).toEqual({
      name,
      state: 'S',
      parent: 41,
      group: 42,
      session: 43,
      startTime: 98_765,
      residentPages: 321,
    });
  });

  it.each(['', '40', '40 (node)', 'no such file'])('is none in %j', (text) => {
    expect(parseProcessStat(text)).toBeNull();
  });

  it.runIf(process.platform === 'linux')('of this very process names its parent', () => {
    const stat = parseProcessStat(readFileSync('/proc/self/stat', 'latin1'));
    expect(stat).toMatchObject({ parent: process.ppid, state: 'R' });
    expect(stat?.residentPages).toBeGreaterThan(0);
  });
});
