/** Turns an event of the emulator into the payload that GitHub sends for it; only events that the App subscribed to leave. */
import type { EmulatedEvent } from './emulator.ts';
import { rewrite } from './forward.ts';
import type { HostState } from './host-state.ts';
import { followEdits } from './issue-events.ts';
import { formatUser } from './routes/format-user.ts';
import type { Outgoing } from './webhook-sender.ts';

/** Events whose payloads are built here; others wait for a builder. */
const BUILT = ['issues', 'issue_comment'];

type Payload = Record<string, unknown>;

/** An issue opened with labels is announced twice by GitHub: as opened, then labelled once for each label. */
export function announcements(event: EmulatedEvent): EmulatedEvent[] {
  const issue = event.payload['issue'];
  if (event.event !== 'issues' || event.action !== 'opened' || !isPayload(issue)) return [event];
  const labels = Array.isArray(issue['labels']) ? issue['labels'] : [];
  const labelled = labels.map((label) => ({
    ...event,
    action: 'labeled',
    payload: { ...event.payload, action: 'labeled', label },
  }));
  return [event, ...labelled];
}

/** The payload to send, or null for an event that this App does not get. */
export function toOutgoing(state: HostState, event: EmulatedEvent): Outgoing | null {
  if (!BUILT.includes(event.event) || !state.app.events.includes(event.event)) return null;
  const source = rewrite(state, event.payload);
  if (!isPayload(source)) return null;
  const installation = { id: state.app.installationId, node_id: `MDIz${state.app.installationId}` };
  const payload: Payload = {
    ...source,
    repository: completeRepository(state, source['repository']),
    sender: completeSender(state, source['sender']),
    organization: organization(state, event.owner),
    installation,
  };
  if ('label' in source) payload['label'] = completeLabel(state, source['label'], source['repository']);
  if ('issue' in source) payload['issue'] = completeIssue(source['issue']);
  const changes = event.event === 'issues' ? followEdits(state, event) : {};
  if (event.action === 'edited') payload['changes'] = changes;
  return { event: event.event, action: event.action ?? null, payload };
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function completeRepository(state: HostState, value: unknown): unknown {
  if (!isPayload(value) || !isPayload(value['owner'])) return value;
  const { login, id } = value['owner'];
  const row = {
    login: String(login),
    id: Number(id),
    node_id: `O_${id}`,
    type: 'Organization',
    site_admin: false,
  };
  const owner = formatUser(row, state.url);
  return {
    web_commit_signoff_required: false,
    custom_properties: {},
    has_discussions: false,
    ...value,
    owner,
  };
}

function completeIssue(value: unknown): unknown {
  return isPayload(value) ? { active_lock_reason: null, ...value } : value;
}

function completeSender(state: HostState, value: unknown): unknown {
  const user = isPayload(value) ? state.store.users.findOneBy('login', String(value['login'])) : undefined;
  return user ? formatUser(user, state.url) : value;
}

function completeLabel(state: HostState, value: unknown, repository: unknown): unknown {
  if (!isPayload(value) || !isPayload(repository)) return value;
  const row = state.store.labels
    .findBy('repo_id', Number(repository['id']))
    .find((label) => label.name === value['name']);
  if (!row) return value;
  return {
    id: row.id,
    node_id: row.node_id || `LA_${row.id}`,
    url: `${String(repository['url'])}/labels/${encodeURIComponent(row.name)}`,
    name: row.name,
    color: row.color,
    default: row.default,
    description: row.description,
  };
}

function organization(state: HostState, owner: string): unknown {
  const row = state.store.orgs.findOneBy('login', owner);
  if (!row) return undefined;
  const api = `${state.url}/orgs/${row.login}`;
  return {
    login: row.login,
    id: row.id,
    node_id: `O_${row.id}`,
    url: api,
    repos_url: `${api}/repos`,
    events_url: `${api}/events`,
    hooks_url: `${api}/hooks`,
    issues_url: `${api}/issues`,
    members_url: `${api}/members{/member}`,
    public_members_url: `${api}/public_members{/member}`,
    avatar_url: `${state.url}/avatars/o/${row.id}`,
    description: null,
  };
}
