/** Numbers of the command line, read from their text so that a wrong one is named as it was typed. */
import { Prices } from '../config/budget-config.ts';
import { GloveboxError } from '../shared/errors.ts';

/** A port, 0 for any. Error `usage`. */
export function portOption(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw wrong(`Invalid --port '${text}': expected 0 to 65535.`);
}

/** US dollars, more than 0. Error `usage`. */
export function dollarsOption(text: string): number {
  const dollars = Number(text);
  if (/^(\d+\.?\d*|\.\d+)$/.test(text) && dollars > 0) return dollars;
  throw wrong(`Invalid --budget '${text}': expected a positive number of US dollars, such as 2.50.`);
}

/** Prices by model, as `--price` names them one after another. */
export type PricesGiven = Readonly<Record<string, Prices>>;

/** `MODEL=INPUT/OUTPUT` in US dollars per million tokens, or `MODEL=0`; added to those before. Error `usage`. */
export function priceOption(text: string, before: PricesGiven = {}): PricesGiven {
  const [, model, value = ''] = /^([A-Za-z0-9][A-Za-z0-9._:/-]{0,99})=(.+)$/.exec(text) ?? [];
  const [input, output, ...more] = value
    .split('/')
    .map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : null));
  const price = Prices.safeParse(output === undefined ? input : { input, output });
  if (model !== undefined && price.success && more.length === 0) return { ...before, [model]: price.data };
  throw wrong(
    `Invalid --price '${text}': expected MODEL=INPUT/OUTPUT in US dollars per million tokens, such as local-7b=0.50/1.25, or MODEL=0.`,
  );
}

function wrong(message: string): GloveboxError {
  return new GloveboxError({ code: 'usage', message });
}
