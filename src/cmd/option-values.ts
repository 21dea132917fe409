/** Numbers of the command line, read from their text so that a wrong one is named as it was typed. */
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

function wrong(message: string): GloveboxError {
  return new GloveboxError({ code: 'usage', message });
}
