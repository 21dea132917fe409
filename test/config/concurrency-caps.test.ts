/** The caps on tasks at once, as the admin file has them. */
import { expect, it } from 'vitest';
import { concurrencyCaps } from '../../src/config/concurrency-caps.ts';
import { buildAdmin } from '../builders/admin-config.ts';

it("all installations together have four times one's cap, or what the file says", () => {
  const { concurrency } = buildAdmin();
  expect(concurrencyCaps({ concurrency: { ...concurrency, installation: 4 } })).toEqual({
    repository: concurrency.repository,
    installation: 4,
    all: 16,
  });
  expect(concurrencyCaps({ concurrency: { ...concurrency, all: 5 } }).all).toBe(5);
});
