/** Tool output as the model gets it: short enough for the context, with a note of what was cut and where all of it is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HEAD_CHARACTERS = 12_000;
const TAIL_CHARACTERS = 12_000;

/** Cuts output and keeps the whole in a file. */
export interface BoundedOutput {
  bound(text: string): string;
}

/** Files go to `folder`, numbered from 1. */
export function createBoundedOutput(folder: string): BoundedOutput {
  let count = 0;
  return {
    bound(text) {
      if (text.length <= HEAD_CHARACTERS + TAIL_CHARACTERS) return text;
      const cut = text.length - HEAD_CHARACTERS - TAIL_CHARACTERS;
      const place = save(folder, ++count, text);
      const head = text.slice(0, HEAD_CHARACTERS).toWellFormed();
      const tail = text.slice(-TAIL_CHARACTERS).toWellFormed();
      return `${head}\n[${cut} characters cut here; ${place}]\n${tail}`;
    },
  };
}

function save(folder: string, number: number, text: string): string {
  const path = join(folder, `output-${number}.txt`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
    return `all of it is in ${path}`;
  } catch {
    return 'there was no room to keep the rest';
  }
}
