import { describe, expect, it } from 'vitest';
import { dollarsOption, portOption } from '../../src/cmd/option-values.ts';

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
