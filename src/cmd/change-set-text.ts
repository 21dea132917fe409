/** A change set without a diff (not judged, or not readable beside its base): each file with its whole new content. Foreign text, safe for a terminal. */
import type { ChangeEntry, ChangeSet } from '../result/contract/change-set.ts';
import { terminalText } from './terminal-text.ts';

/** Every line ends in a line break. */
export function formatChangeSet(changeSet: ChangeSet): string {
  if (changeSet.entries.length === 0) return 'The change set is empty.\n';
  const head = `Against base ${changeSet.baseSha.slice(0, 7)}, whole files (no diff of it was kept):\n`;
  return head + changeSet.entries.map(entryText).join('');
}

function entryText(entry: ChangeEntry): string {
  const path = terminalText(entry.path);
  if (entry.op === 'delete') return `deleted ${path}\n`;
  const bytes = Buffer.from(entry.contentBase64, 'base64');
  const title = `${path}, mode ${entry.mode}, ${bytes.length} bytes\n`;
  if (bytes.includes(0)) return `${title}  (binary)\n`;
  const lines = terminalText(bytes.toString('utf8')).replace(/\n$/, '').split('\n');
  return title + lines.map((line) => `+ ${line}\n`).join('');
}
