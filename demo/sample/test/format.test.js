import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { format } from '../src/format.js';
import { parseDuration } from '../src/parse-duration.js';

describe('format', () => {
  it('keeps 90 minutes', () => assert.equal(format(5400), '90m'));

  for (const [seconds, text] of [
    [0, '0s'],
    [0.001, '1ms'],
    [0.25, '250ms'],
    [1, '1s'],
    [1.5, '1500ms'],
    [59, '59s'],
    [60, '1m'],
    [61, '61s'],
    [120, '2m'],
    [3599, '3599s'],
    [3600, '1h'],
    [7200, '2h'],
    [82800, '23h'],
    [86400, '1d'],
    [172800, '2d'],
    [518400, '6d'],
    [604800, '1w'],
    [1209600, '2w'],
  ]) {
    it(`writes ${seconds} s as ${text}`, () => assert.equal(format(seconds), text));
  }

  for (const text of ['1ms', '7ms', '999ms', '1s', '59s', '1m', '59m', '30m', '1h', '23h', '1d', '6d', '1w', '52w']) {
    it(`gives ${text} back as it was read`, () => assert.equal(format(parseDuration(text)), text));
  }

  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`rejects ${value}`, () => assert.throws(() => format(value), RangeError));
  }
});
