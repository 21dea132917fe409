/** An API server by table: answers by method and path, refuses what nobody answers, and records what it was asked. */
import type { KubeAnswer, KubeAsk, KubeRequests } from '../../src/cmd/doctor/cluster/kube-requests.ts';

/** What one route answers: an object (200, or 201 for a POST), or an answer of its own. */
export type FakeRoute = (ask: KubeAsk) => Partial<KubeAnswer> | Promise<Partial<KubeAnswer>>;

/** The fake; routes can be changed while it is in use. */
export interface FakeKube extends KubeRequests {
  readonly asked: readonly KubeAsk[];
  /** `path` without its query. A later route replaces an earlier one. */
  on(method: KubeAsk['method'], path: string, route: FakeRoute): void;
}

/** A body with the status that its method has. */
export const answered = (body: unknown, status = 200): Partial<KubeAnswer> => ({ status, body });

/** A refusal in the API server's own form. */
export const refusal = (status: number, message: string): Partial<KubeAnswer> => ({
  status,
  body: { kind: 'Status', message },
});

/** What RBAC says to whom it does not know. */
export const forbidden = (verb = 'get', resource = 'things'): Partial<KubeAnswer> =>
  refusal(
    403,
    `${resource} is forbidden: User "octocat" cannot ${verb} resource "${resource}" in API group ""`,
  );

/** Builds it; without a route everything is 404. */
export function fakeKube(): FakeKube {
  const routes = new Map<string, FakeRoute>();
  const asked: KubeAsk[] = [];
  return {
    server: '198.18.0.1:16443',
    asked,
    close: async () => {},
    on: (method = 'GET', path, route) => void routes.set(`${method} ${path}`, route),
    ask: async (ask) => {
      asked.push(ask);
      const [path = ''] = ask.path.split('?');
      const route = routes.get(`${ask.method ?? 'GET'} ${path}`);
      const answer = route ? await route(ask) : refusal(404, 'not found');
      return { status: 200, body: null, date: null, warning: null, ...answer };
    },
  };
}
