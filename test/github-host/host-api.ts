/** The API in front of the emulator: identify, fail on demand, check, answer or forward, record. */
import { type Context, Hono } from 'hono';
import type { Fault, Faults } from './faults.ts';
import { forward } from './forward.ts';
import { type HostEnv, type HostState, identityParts } from './host-state.ts';
import { identify } from './identity.ts';
import { requestCheck } from './openapi-validator.ts';
import { followHeads } from './refs.ts';
import type { RecordedRequest } from './request-log.ts';
import { appRoutes, problem } from './routes/app-routes.ts';
import { checkRunRoutes } from './routes/check-run-routes.ts';
import { graphqlRoutes } from './routes/graphql.ts';
import { guardRoutes } from './routes/guards.ts';
import { listRoutes } from './routes/list-routes.ts';
import { pullAsIssueRoutes } from './routes/pull-as-issue-routes.ts';
import { repoRoutes } from './routes/repo-routes.ts';

/** What the API writes besides the store. */
export interface HostApiParts {
  readonly state: HostState;
  readonly faults: Faults;
  readonly requests: RecordedRequest[];
  readonly violations: string[];
}

/** Builds the API. */
export function buildApi(parts: HostApiParts): Hono<HostEnv> {
  const { state } = parts;
  const app = new Hono<HostEnv>();
  app.use('*', async (c, next) => {
    const rawBody = new Uint8Array(await c.req.raw.clone().arrayBuffer());
    c.set('rawBody', rawBody);
    c.set('json', readJson(rawBody));
    c.set('actor', identify(identityParts(state), c.req.header('authorization')));
    const fault = parts.faults.take({ method: c.req.method, path: c.req.path });
    const refusal = refuse(c, state) ?? (fault && fault.when !== 'after' ? faultAnswer(fault) : null);
    if (refusal) c.res = refusal;
    else await next();
    if (fault?.when === 'after') c.res = faultAnswer(fault);
    if (c.req.method !== 'GET') followHeads(state.store);
    record(c, parts);
  });
  appRoutes(app, state);
  repoRoutes(app, state);
  graphqlRoutes(app, state);
  guardRoutes(app, state);
  checkRunRoutes(app, state);
  pullAsIssueRoutes(app, state);
  listRoutes(app, state);
  app.all('*', (c) => forward(c, state));
  return app;
}

function readJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return null;
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null;
  }
}

function refuse(c: Context<HostEnv>, state: HostState): Response | null {
  const actor = c.get('actor');
  if (actor.kind === 'refused') return problem(c, 401, actor.message);
  if (actor.kind !== 'installation') return null;
  const row = state.store.appInstallations
    .all()
    .find((it) => it.installation_id === actor.owner.installationId);
  return row?.suspended_at ? problem(c, 403, 'This installation has been suspended') : null;
}

function faultAnswer(fault: Fault): Response {
  return Response.json(fault.body ?? { message: 'Server Error' }, {
    status: fault.status,
    headers: { ...fault.headers },
  });
}

function record(c: Context<HostEnv>, parts: HostApiParts): void {
  const actor = c.get('actor');
  const url = new URL(c.req.url);
  const request = {
    at: parts.state.now(),
    method: c.req.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    actor: actor.login,
    actorKind: actor.kind,
    body: c.get('json'),
    status: c.res.status,
  };
  parts.requests.push(request);
  if (request.path === '/graphql' || actor.kind === 'user') return;
  parts.violations.push(...requestCheck()({ ...request, path: decodeURIComponent(request.path) }));
}
