/** Kubernetes' quantities (`500m`, `4Gi`, `2e3`) as numbers, exact enough to compare them. */

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number; NaN for what is no quantity. */
export function parseQuantity(text: string): number {
  const [, number, suffix = ''] = /^([+-]?[0-9.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(text.trim()) ?? [];
  return Number(number ?? Number.NaN) * (FACTORS[suffix] ?? Number.NaN);
}
