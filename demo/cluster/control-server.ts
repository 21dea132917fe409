/** The control API of the demo's pod: whoever may forward a port to it starts the world, acts in it and reads it. */
import { Hono, type MiddlewareHandler } from 'hono';
import type { ZodType } from 'zod';
import {
  AddComment,
  GithubFault,
  ModelFault,
  OpenHold,
  OpenIssue,
  REQUEST_ID,
  StartWorld,
} from './control-wire.ts';
import { startWorld, type World, type WorldPorts } from './world.ts';

/** The API, and what ends the world with it. */
export interface ControlServer {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Error before the world was started. */
  readonly world: () => Promise<World>;
  close(): Promise<void>;
}

/** Builds it; nothing is started before `PUT /world`. */
export function buildControl(ports: WorldPorts): ControlServer {
  let starting: Promise<World> | null = null;
  const app = new Hono();
  app.use('*', answerOnce());
  app.put('/world', async (c) => {
    const want = StartWorld.parse(await c.req.json());
    starting ??= startWorld(want, ports);
    await starting;
    return c.body(null, 204);
  });
  app.use('*', async (c, next) => (starting === null ? c.notFound() : next()));
  const world = async (): Promise<World> => {
    if (starting === null) throw new Error('the world was not started');
    return starting;
  };
  readRoutes(app, world);
  actRoutes(app, world);
  holdRoutes(app, world);
  app.onError((error, c) => c.text(error.message, 400));
  return { fetch: (request) => app.fetch(request), world, close: async () => (await starting)?.close() };
}

/**
 * A request whose answer was lost on the way is sent again under its name, and is answered, not repeated; one that failed
 * is tried again, since it may have been cut on its way here.
 */
function answerOnce(): MiddlewareHandler {
  const answered = new Map<string, Promise<Response>>();
  return async (c, next) => {
    const id = c.req.header(REQUEST_ID);
    if (id === undefined) return next();
    const known = answered.get(id);
    if (known) return (await known).clone();
    const answer = Promise.withResolvers<Response>();
    answered.set(id, answer.promise);
    await next();
    if (!c.res.ok) answered.delete(id);
    answer.resolve(c.res.clone());
  };
}

type Within = () => Promise<World>;

function readRoutes(app: Hono, world: Within): void {
  app.get('/world', async (c) => c.json((await world()).view()));
  app.get('/model/requests', async (c) => c.json((await world()).model.requests));
}

function actRoutes(app: Hono, world: Within): void {
  app.post('/issues', async (c) => {
    const { label, ...issue } = await read(c.req.raw, OpenIssue);
    const { people } = (await world()).host;
    const number = await people.openIssue(issue);
    if (label !== null) await people.label({ repository: issue.repository, number, as: issue.as }, label);
    return c.json({ number });
  });
  app.post('/comments', async (c) => {
    const { body, ...on } = await read(c.req.raw, AddComment);
    await (await world()).host.people.comment(on, body);
    return c.body(null, 204);
  });
  app.post('/github/faults', async (c) => {
    const { path, status, method, times, when } = await read(c.req.raw, GithubFault);
    (await world()).host.faults.add({
      path: new RegExp(path),
      status,
      ...(method === undefined ? {} : { method }),
      ...(times === undefined ? {} : { times }),
      ...(when === undefined ? {} : { when }),
    });
    return c.body(null, 204);
  });
  app.post('/model/faults', async (c) => {
    (await world()).model.failNext(await read(c.req.raw, ModelFault));
    return c.body(null, 204);
  });
}

function holdRoutes(app: Hono, world: Within): void {
  app.post('/holds', async (c) => {
    const want = await read(c.req.raw, OpenHold);
    return c.json({ id: (await world()).hold(want) });
  });
  app.get('/holds/:id', async (c) => {
    const reached = (await world()).isReached(c.req.param('id'));
    return reached === null ? c.notFound() : c.json({ reached });
  });
  app.delete('/holds/:id', async (c) => {
    (await world()).release(c.req.param('id'));
    return c.body(null, 204);
  });
}

async function read<Value>(request: Request, schema: ZodType<Value>): Promise<Value> {
  return schema.parse(await request.json());
}
