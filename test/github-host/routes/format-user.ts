/** A user as GitHub's answers and payloads show one. */
import type { UserRow } from '../store.ts';

/** The short form: login, id and addresses. */
export function formatUser(
  user: Pick<UserRow, 'login' | 'id' | 'node_id' | 'type' | 'site_admin'>,
  url: string,
): Record<string, unknown> {
  const api = `${url}/users/${encodeURIComponent(user.login)}`;
  return {
    login: user.login,
    id: user.id,
    node_id: user.node_id,
    avatar_url: `${url}/avatars/u/${user.id}`,
    gravatar_id: '',
    url: api,
    html_url: `${url}/${encodeURIComponent(user.login)}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type: user.type,
    site_admin: user.site_admin,
  };
}
