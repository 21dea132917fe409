/** Which tests a change set takes out of their files: gone by edit, which a human decides, not gone by the new source. */
import { classifyPath } from './classify-path.ts';
import type { IsRemoved } from './compare-tests.ts';
import type { ReadChange, ReadChangeSet } from './read-change-set.ts';
import { textOf } from './text-of.ts';

/**
 * A test counts as taken out where an edited or deleted test file of the base no longer holds the last part of its id. A
 * file that still holds it should still run it. Reports name files absolutely, relatively, or not at all (TAP): without
 * one the base's text must hold the name.
 */
export function removedTests(changeSet: ReadChangeSet): IsRemoved {
  const edited = changeSet.changes.filter(
    ({ path, before }) => before !== null && classifyPath(path).kind === 'test',
  );
  return ({ id, file }) => {
    const name = id.split(' › ').at(-1) ?? id;
    return edited.some((change) => holdsTest(change, name, file) && !textAfter(change).includes(name));
  };
}

function holdsTest(change: ReadChange, name: string, file: string | null): boolean {
  if (file !== null) return file === change.path || file.endsWith(`/${change.path}`);
  return (textOf(change.before?.bytes ?? null) ?? '').includes(name);
}

function textAfter(change: ReadChange): string {
  return textOf(change.after?.bytes ?? null) ?? '';
}
