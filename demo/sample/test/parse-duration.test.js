import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../src/parse-duration.js';
import { UNITS } from '../src/units.js';

describe('parseDuration', () => {
  for (const [unit, seconds] of Object.entries(UNITS)) {
    for (const count of [0, 1, 2, 5, 10, 15, 30, 45, 59, 60, 90, 100]) {
      it(`reads ${count}${unit}`, () => {
        assert.equal(parseDuration(`${count}${unit}`), Math.round(count * seconds * 1000) / 1000);
      });
    }
  }

  for (const [text, seconds] of [
    ['1.5h', 5400],
    ['0.5m', 30],
    ['2.25d', 194400],
    ['0.25w', 151200],
    ['1.5s', 1.5],
    ['0.1s', 0.1],
  ]) {
    it(`reads the fraction ${text}`, () => assert.equal(parseDuration(text), seconds));
  }

  for (const text of [' 90m', '90 m', '\t90m', '90  m', '\n90m', ' 90 m']) {
    it(`allows the space in ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), 5400));
  }

  for (const [text, seconds] of [
    ['2H', 7200],
    ['2M', 120],
    ['2S', 2],
    ['2D', 172800],
    ['2W', 1209600],
    ['250MS', 0.25],
  ]) {
    it(`reads the upper case ${text}`, () => assert.equal(parseDuration(text), seconds));
  }

  for (const text of ['', ' ', 'h', 'abc', '-5m', '+5m', '.5h', '5', '5 years', 'm5']) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.throws(() => parseDuration(text), RangeError));
  }
});
