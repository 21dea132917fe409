import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { after, before } from '../src/clock.js';

const NOON = new Date('2026-03-01T12:00:00Z');

describe('clock', () => {
  for (const [duration, moment] of [
    ['30m', '2026-03-01T12:30:00.000Z'],
    ['12h', '2026-03-02T00:00:00.000Z'],
    ['1d', '2026-03-02T12:00:00.000Z'],
    ['1w', '2026-03-08T12:00:00.000Z'],
    ['250ms', '2026-03-01T12:00:00.250Z'],
  ]) {
    it(`finds ${duration} after noon`, () => assert.equal(after(NOON, duration).toISOString(), moment));
  }

  for (const [duration, moment] of [
    ['30m', '2026-03-01T11:30:00.000Z'],
    ['12h', '2026-03-01T00:00:00.000Z'],
    ['1d', '2026-02-28T12:00:00.000Z'],
    ['1w', '2026-02-22T12:00:00.000Z'],
    ['250ms', '2026-03-01T11:59:59.750Z'],
  ]) {
    it(`finds ${duration} before noon`, () => assert.equal(before(NOON, duration).toISOString(), moment));
  }

  it('leaves the given date alone', () => {
    after(NOON, '1h');
    before(NOON, '1h');
    assert.equal(NOON.toISOString(), '2026-03-01T12:00:00.000Z');
  });

  it('comes back to the start', () => assert.equal(before(after(NOON, '90m'), '90m').getTime(), NOON.getTime()));
});
