/** Issue events that the emulator does not keep: the labels that an issue was opened with. */
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
