/** Which tests a change set edits: by the file that the report names, or, where it names none, by the test's own name. */
import { classifyPath } from './classify-path.ts';
import type { IsEdited } from './compare-tests.ts';
import type { ReadChangeSet } from './read-change-set.ts';
import { textOf } from './text-of.ts';

/**
 * Reports name files absolutely, relatively, or not at all (TAP). Without a file a test counts as edited where an edited
 * test file of the base holds the last part of its id; both answers are short of green, so a wrong guess verifies nothing.
 */
export function editedTests(changeSet: ReadChangeSet): IsEdited {
  const edited = changeSet.changes.filter(
    ({ path, before }) => before !== null && classifyPath(path).kind === 'test',
  );
  const texts = edited.map(({ before }) => textOf(before?.bytes ?? null) ?? '');
  return ({ id, file }) => {
    if (file !== null) return edited.some(({ path }) => file === path || file.endsWith(`/${path}`));
    const name = id.split(' › ').at(-1) ?? id;
    return texts.some((text) => text.includes(name));
  };
}
