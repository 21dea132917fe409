/** Where the bundled runner lies: beside our own bundle in a package, in `dist/` of a clone. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GloveboxError } from '../shared/errors.ts';

const PLACES = ['./runner.mjs', '../../dist/runner.mjs'];

/** Absolute path. Error `runner-missing` where it was not built. */
export function runnerFile(): string {
  const found = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) =>
    existsSync(path),
  );
  if (found) return found;
  throw new GloveboxError({
    code: 'runner-missing',
    message:
      "The bundled runner 'dist/runner.mjs' is missing: expected it beside this program. Build it with: npm run build",
  });
}
