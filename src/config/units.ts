/**
 * Amounts as people write them in configuration files: sizes, durations and dollars. Each schema reads the text once
 * and gives bytes, milliseconds or nano-dollars.
 */
import { z } from 'zod';
import { nanoUsdOf } from '../shared/money.ts';

const SIZE = /^(\d{1,6}(?:\.\d{1,3})?) ?(KB|MB|GB|KiB|MiB|GiB)$/;
const BYTES: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const DURATION = /^(\d{1,5}) ?(s|min|h)$/;
const MILLISECONDS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

/** Bytes of `4 GB` (powers of ten) or `512 MiB` (powers of two); NaN for anything else. */
function bytesOf(text: string): number {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  return Math.round(Number(amount) * (BYTES[unit ?? ''] ?? Number.NaN));
}

/** Milliseconds of `90 s`, `60 min` or `2 h`; NaN for anything else. */
function millisecondsOf(text: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  return Number(amount) * (MILLISECONDS[unit ?? ''] ?? Number.NaN);
}

/** A size between two sizes, e.g. `size('64 MB', '1000 GB')`; parsed to bytes. */
export function size(least: string, most: string) {
  const within = (bytes: number) => bytes >= bytesOf(least) && bytes <= bytesOf(most);
  return z
    .string()
    .refine((text) => within(bytesOf(text)))
    .meta({ expected: `a size from ${least} to ${most}, such as '512 MB'` })
    .transform(bytesOf);
}

/** A duration between two durations, e.g. `duration('1 s', '24 h')`; parsed to milliseconds. */
export function duration(least: string, most: string) {
  const within = (ms: number) => ms >= millisecondsOf(least) && ms <= millisecondsOf(most);
  return z
    .string()
    .refine((text) => within(millisecondsOf(text)))
    .meta({ expected: `a duration from ${least} to ${most}, such as '90 s' or '10 min'` })
    .transform(millisecondsOf);
}

/** US dollars between two numbers, parsed to nano-dollars. */
export function usd(least: number, most: number) {
  return z
    .number()
    .min(least)
    .max(most)
    .meta({ expected: `${dollarsText(least)} to ${dollarsText(most)} US dollars` })
    .transform(nanoUsdOf);
}

/** `0.01`, `5.00`, `0.000001`: at least two decimals, never an exponent. */
export function dollarsText(dollars: number): string {
  const [whole, fraction = ''] = dollars.toFixed(9).split('.');
  return `${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`;
}
