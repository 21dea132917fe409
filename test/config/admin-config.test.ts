/** The admin's bounds on a change set: none that the wire between sandbox and gateway could not carry. */
import { describe, expect, it } from 'vitest';
import { CHANGE_SET_BOUNDS } from '../../src/result/contract/change-set.ts';
import { buildAdmin, buildAdminFile } from '../builders/admin-config.ts';

describe('an admin’s bounds on a change set', () => {
  it('reach as far as the wire', () => {
    const { limits } = buildAdmin('limits: { changedFiles: 2000, changedSize: 20 MiB }');
    expect(limits).toMatchObject({
      changedFiles: CHANGE_SET_BOUNDS.maxEntries,
      changedSize: CHANGE_SET_BOUNDS.maxTotalBytes,
    });
  });

  it.each([
    ['changedFiles', '2001', '1 to 2000'],
    ['changedSize', '20.001 MiB', '1 KB to 20 MiB'],
    ['changedSize', '100 MB', '1 KB to 20 MiB'],
  ])('reach no further: %s %s', (key, value, expected) => {
    const { config, problems } = buildAdminFile(`limits: { ${key}: ${value} }`);
    expect(config).toBeNull();
    expect(problems.map((problem) => `${JSON.stringify(problem)}`).join()).toContain(expected);
  });
});
