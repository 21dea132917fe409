/** A folder's content two levels deep, as the editor's `view` shows it. */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEPTH = 2;
const HIDDEN = ['.git', 'node_modules'];

/** One path a line, folders with a slash. */
export function listFolder(folder: string, depth = DEPTH, prefix = ''): string {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.map((entry) => lines(folder, entry, { depth, prefix })).join('\n');
}

function lines(folder: string, entry: Dirent, at: { depth: number; prefix: string }): string {
  const name = `${at.prefix}${entry.name}${entry.isDirectory() ? '/' : ''}`;
  if (!entry.isDirectory() || at.depth === 1 || HIDDEN.includes(entry.name)) return name;
  const inner = listFolder(join(folder, entry.name), at.depth - 1, name);
  return inner === '' ? name : `${name}\n${inner}`;
}
