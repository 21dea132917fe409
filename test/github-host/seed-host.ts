/** What a host starts with beside its files: the App, what the emulator is told at its start, and who works where. */
import { findRepo, type HostApp, type HostState } from './host-state.ts';
import {
  newAppKey,
  ORGANISATION,
  PEOPLE,
  type RepositorySeed,
  reserveIssueNumbers,
  seedFiles,
} from './seed.ts';
import type { RepoRow } from './store.ts';

/** What of the App a caller may choose. */
export type HostAppOptions = Partial<
  Pick<HostApp, 'id' | 'slug' | 'name' | 'permissions' | 'events' | 'privateKey'>
>;

/** Permissions of the App's manifest; no `workflows`, no `administration`. */
const PERMISSIONS = {
  metadata: 'read',
  contents: 'write',
  issues: 'write',
  pull_requests: 'write',
  checks: 'write',
} as const;

/** The App as its manifest was accepted, with a fresh key unless one is given. */
export function buildApp(options: HostAppOptions = {}): HostApp {
  return {
    id: 700_001,
    slug: 'glovebox',
    name: 'Glovebox',
    clientId: 'Iv23liGloveboxHost0',
    permissions: PERMISSIONS,
    events: ['issues', 'issue_comment', 'check_run', 'pull_request', 'pull_request_review'],
    installationId: 800_001,
    ...options,
    privateKey: options.privateKey ?? newAppKey(),
  };
}

/** People, organisation, empty repositories and the installed App, in the emulator's own form. */
export function emulatorSeed(app: HostApp, repositories: readonly RepositorySeed[]): Record<string, unknown> {
  const logins = Object.values(PEOPLE).map(({ login }) => login);
  return {
    users: logins.map((login) => ({ login, name: login, email: `${login}@example.com` })),
    orgs: [{ login: ORGANISATION, members: [{ login: PEOPLE.admin.login, role: 'admin' }] }],
    repos: repositories.map((seed) => ({
      owner: ORGANISATION,
      name: seed.name,
      private: seed.private ?? false,
      default_branch: seed.defaultBranch ?? 'main',
      auto_init: false,
    })),
    apps: [
      {
        app_id: app.id,
        slug: app.slug,
        name: app.name,
        private_key: app.privateKey,
        permissions: app.permissions,
        events: app.events,
        installations: [
          {
            installation_id: app.installationId,
            account: ORGANISATION,
            repository_selection: 'all',
            permissions: app.permissions,
            events: app.events,
          },
        ],
      },
    ],
  };
}

/** The App's bot, and in each repository its people, files and first issue number. Throws where the emulator lacks one. */
export function seedHost(state: HostState, repositories: readonly RepositorySeed[]): void {
  const { store, app } = state;
  const login = `${app.slug}[bot]`;
  const bot = { login, node_id: 'BOT_1', type: 'Bot', site_admin: false, name: app.name, email: null };
  store.users.insert({ ...bot, avatar_url: '', gravatar_id: '' });
  for (const seed of repositories) {
    const repo = findRepo(state, ORGANISATION, seed.name);
    if (!repo) throw new Error(`The emulator did not take repository '${seed.name}'`);
    addCollaborators(state, repo);
    seedFiles(store, repo, seed);
    const first = seed.firstIssueNumber ?? 1;
    if (first > 1) reserveIssueNumbers(store, repo, first);
  }
}

function addCollaborators({ store }: HostState, repo: RepoRow): void {
  for (const { login, role } of Object.values(PEOPLE)) {
    const user = store.users.findOneBy('login', login);
    if (!user || role === null || role === 'owner') continue;
    store.collaborators.insert({ repo_id: repo.id, user_id: user.id, permission: role });
  }
}
