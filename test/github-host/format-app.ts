/** The App as GitHub's answers show it. */
import type { HostState } from './host-state.ts';
import { formatUser } from './routes/format-user.ts';

/** `GET /app`, and `app` or `performed_via_github_app` elsewhere. */
export function formatApp(state: Pick<HostState, 'app' | 'url'>): Record<string, unknown> {
  const { app, url } = state;
  const at = '2026-01-05T09:00:00Z';
  return {
    id: app.id,
    slug: app.slug,
    node_id: `A_${app.id}`,
    name: app.name,
    owner: formatUser(
      { login: 'octo-org', id: 1, node_id: 'O_1', type: 'Organization', site_admin: false },
      url,
    ),
    description: null,
    external_url: `${url}/apps/${app.slug}`,
    html_url: `${url}/apps/${app.slug}`,
    created_at: at,
    updated_at: at,
    permissions: app.permissions,
    events: app.events,
  };
}
