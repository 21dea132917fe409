/** What the emulator does not keep of an issue: the labels that it was opened with, and its text before an edit. */
import { z } from 'zod';
import type { EmulatedEvent } from './emulator.ts';
import type { HostState } from './host-state.ts';

const Labelled = z.object({
  issue: z.looseObject({ number: z.int() }),
  label: z.looseObject({ name: z.string() }),
  repository: z.looseObject({ id: z.int() }),
  sender: z.looseObject({ login: z.string() }),
});

/** Adds the `labeled` event that GitHub lists for such a label. */
export function keepLabelled(state: HostState, event: EmulatedEvent): void {
  const { issue, label, repository, sender } = Labelled.parse(event.payload);
  state.store.issueEvents.insert({
    node_id: `LE_${repository.id}_${issue.number}_${label.name}`,
    repo_id: repository.id,
    issue_number: issue.number,
    event: 'labeled',
    actor_id: state.store.users.findOneBy('login', sender.login)?.id ?? 0,
    commit_id: null,
    commit_url: null,
    label_name: label.name,
    assignee_id: null,
    milestone_title: null,
    rename: null,
  });
}

const Written = z.object({
  issue: z.looseObject({ number: z.int(), title: z.string(), body: z.string().nullable() }),
  changes: z.looseObject({ title: z.boolean(), body: z.boolean() }).optional(),
  repository: z.looseObject({ id: z.int() }),
});

/** The `changes` of an `issues` event: what an edit replaced. Sees every event, since the text before is in none. */
export function followEdits(
  state: HostState,
  event: EmulatedEvent,
): Readonly<Record<string, { from: string }>> {
  const { issue, changes, repository } = Written.parse(event.payload);
  const key = `${repository.id}#${issue.number}`;
  const before = state.issueTexts.get(key);
  state.issueTexts.set(key, { title: issue.title, body: issue.body ?? '' });
  return {
    ...(changes?.title ? { title: { from: before?.title ?? '' } } : {}),
    ...(changes?.body ? { body: { from: before?.body ?? '' } } : {}),
  };
}
