/** Money is a `bigint` of nano-dollars everywhere: 1 US dollar is 1,000,000,000. Never a float. */

/** Nano-dollars. */
export type NanoUsd = bigint;

/** Nano-dollars in one US dollar. */
export const NANO_PER_USD = 1_000_000_000n;

/** `$0.31`: prose, rounded half up to cents. */
export function formatCents(amount: NanoUsd): string {
  const cents = (amount + 5_000_000n) / 10_000_000n;
  return `$${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}

/** `0.309900`: tables, six decimals, rounded half up, no sign. */
export function formatMicro(amount: NanoUsd): string {
  const micro = (amount + 500n) / 1000n;
  return `${micro / 1_000_000n}.${String(micro % 1_000_000n).padStart(6, '0')}`;
}

/** Nano-dollars of a decimal number of dollars from configuration; the number is read by its shortest decimal text. */
export function nanoUsdOf(dollars: number): NanoUsd {
  const [whole = '0', fraction = ''] = dollars.toFixed(9).split('.');
  return BigInt(whole) * NANO_PER_USD + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}
