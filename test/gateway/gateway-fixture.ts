/** The sandbox routes over a test's store, called without a port. */
import { createLocalIdentity } from '../../src/gateway/local-identity.ts';
import { createRefusalRecorder } from '../../src/gateway/record-refusal.ts';
import type { SandboxDeps } from '../../src/gateway/sandbox-routes.ts';
import { sandboxRoutes } from '../../src/gateway/sandbox-routes.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import type { Db } from '../../src/task/open-database.ts';

/** Signals that never abort. */
export const openClosings = { signalFor: () => new AbortController().signal };

/** The routes' dependencies: everything real but what other stages inject. */
export function gatewayDeps(db: Db, overrides: Partial<SandboxDeps> = {}): SandboxDeps {
  const log = createLog('silent');
  return {
    db,
    identity: createLocalIdentity({ db }),
    closings: openClosings,
    recordRefusal: createRefusalRecorder({ db, log }),
    clock: systemClock,
    random: systemRandom,
    log,
    readConversation: async () => [],
    readFailingOutput: async () => [],
    classifyHarness: () => [],
    ...overrides,
  };
}

/** A call with a phase's token. A body that is not a string or bytes is sent as JSON. */
export type Send = (
  method: string,
  path: string,
  call: { readonly token?: string; readonly body?: unknown; readonly headers?: Record<string, string> },
) => Promise<Response>;

/** Calls the app as a sandbox would. */
export function senderTo(app: Pick<ReturnType<typeof sandboxRoutes>, 'request'>): Send {
  return async (method, path, { token, body, headers }) =>
    app.request(path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: encode(body) }),
    });
}

/** The routes and a sender in one. */
export function openGateway(db: Db, overrides: Partial<SandboxDeps> = {}): Send {
  return senderTo(sandboxRoutes(gatewayDeps(db, overrides)));
}

/** Reasons of the refusals that a task's audit holds, in order. */
export async function refusalReasons(db: Db, taskId: string): Promise<readonly unknown[]> {
  const rows = await db
    .selectFrom('audit_event')
    .select('data')
    .where('task_id', '=', taskId)
    .where('type', '=', 'gateway.refused')
    .orderBy('seq')
    .execute();
  return rows.map(({ data }) =>
    data !== null && typeof data === 'object' && 'reason' in data ? data.reason : null,
  );
}

function encode(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}
