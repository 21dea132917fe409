/** Asks GitHub, as our App, what it knows of the App. */
import { z } from 'zod';
import { callGithub } from '../../../shared/github-error.ts';
import type { GithubClients } from '../../github-clients.ts';
import type { AppFacts } from './github-app.ts';

const Permissions = z.record(z.string(), z.string());
const App = z.object({
  name: z.string().default('the App'),
  permissions: Permissions.default({}),
  events: z.array(z.string()).default([]),
});
const Installations = z.array(
  z.object({
    account: z.object({ login: z.string().optional(), slug: z.string().optional() }).nullish(),
    permissions: Permissions.default({}),
    suspended_at: z.string().nullish(),
  }),
);
const Hook = z.object({
  url: z.string().optional(),
  insecure_ssl: z.union([z.string(), z.number()]).optional(),
});
const Deliveries = z.array(z.object({ event: z.string(), delivered_at: z.string(), status_code: z.int() }));

/** Installations that are looked at. */
const MOST_INSTALLATIONS = 100;

/** Errors: `github-refused`, `github-unavailable`. */
export async function readAppFacts({ app }: Pick<GithubClients, 'app'>): Promise<AppFacts> {
  const ask = (route: string, parameters = {}) =>
    callGithub(route, async () => (await app.request(route, parameters)).data);
  const self = App.parse(await ask('GET /app'));
  const installations = Installations.parse(
    await ask('GET /app/installations', { per_page: MOST_INSTALLATIONS }),
  );
  const hook = Hook.parse(await ask('GET /app/hook/config'));
  const [latest] = Deliveries.parse(await ask('GET /app/hook/deliveries', { per_page: 1 }));
  return {
    ...self,
    installations: installations.map(({ account, permissions, suspended_at }) => ({
      account: account?.login ?? account?.slug ?? 'an organisation',
      permissions,
      isSuspended: (suspended_at ?? null) !== null,
    })),
    webhook: hook.url ? { url: hook.url, isInsecure: String(hook.insecure_ssl ?? '0') === '1' } : null,
    delivery: latest ? { event: latest.event, at: latest.delivered_at, status: latest.status_code } : null,
  };
}
