import { describe, expect, it } from 'vitest';
import { dollarsOption, portOption, priceOption } from '../../src/cmd/option-values.ts';

describe('--port', () => {
  it.each([
    ['0', 0],
    ['8080', 8_080],
    ['65535', 65_535],
  ])('takes %s', (text, port) => expect(portOption(text)).toBe(port));

  it.each(['', 'abc', '-1', '65536', '99999', '1e3', '80.5', '0x50', ' 80'])(
    'names %j, which is none',
    (text) => expect(() => portOption(text)).toThrow(`Invalid --port '${text}': expected 0 to 65535.`),
  );
});

describe('--budget', () => {
  it.each([
    ['1', 1],
    ['2.50', 2.5],
    ['.5', 0.5],
  ])('takes %s', (text, dollars) => expect(dollarsOption(text)).toBe(dollars));

  it.each(['', 'abc', '0', '-1', '$5', '1e400', '5 USD', '1,5', '0x5', 'Infinity'])(
    'names %j, which is none',
    (text) =>
      expect(() => dollarsOption(text)).toThrow(
        `Invalid --budget '${text}': expected a positive number of US dollars, such as 2.50.`,
      ),
  );
});

describe('--price', () => {
  it('takes input and output per million tokens, or nothing, and keeps those before', () => {
    const first = priceOption('local/llama-3.1:8b=0.50/1.25');
    expect(priceOption('free-7b=0', first)).toEqual({
      'local/llama-3.1:8b': { input: 500n, output: 1_250n },
      'free-7b': 0,
    });
  });

  it.each([
    '',
    'm',
    'm=',
    '=3/15',
    'm=3',
    'm=3/',
    'm=3/15/1',
    'm=-1/2',
    'm=$3/15',
    'm=3/0.00001',
    'm=1e3/1',
    'a b=1/2',
  ])('names %j, which is none', (text) =>
    expect(() => priceOption(text)).toThrow(
      `Invalid --price '${text}': expected MODEL=INPUT/OUTPUT in US dollars per million tokens, such as local-7b=0.50/1.25, or MODEL=0.`,
    ),
  );
});
