/**
 * The two addresses of `glovebox app create`: the page that starts at an unguessable path, and the callback that GitHub
 * sends the browser to. The callback is a door: a code without our state could hand us a stranger's App.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { GloveboxError } from '../../shared/errors.ts';
import type { AppManifest } from './app-manifest.ts';
import { donePage, errorPage, type Page, pagePolicy, startPage } from './app-pages.ts';
import type { AppTarget } from './app-target.ts';
import type { CreatedApp } from './convert-code.ts';

/** What the pages know and what the callback may do. */
export interface AppFlow {
  readonly target: AppTarget;
  readonly manifest: AppManifest;
  /** `127.0.0.1:PORT`; a request for another host comes from a page that rebinds a name to this machine. */
  readonly host: string;
  readonly startPath: string;
  readonly state: string;
  /** Exchanges the code; a retryable error leaves the flow open. */
  readonly convert: (code: string) => Promise<CreatedApp>;
  readonly save: (app: CreatedApp) => Promise<void>;
  /** Called once, when the flow is over. */
  readonly done: (app: CreatedApp) => void;
  readonly failed: (error: unknown) => void;
  /** Called for what a person may try again. */
  readonly warn: (message: string) => void;
}

const CODE = /^[A-Za-z0-9_-]{1,200}$/;

/** Builds the app; answers pages only. */
export function appRoutes(flow: AppFlow): Hono {
  const app = new Hono();
  const policy = pagePolicy(flow.target.githubUrl);
  app.use(async (c, next) => {
    if (c.req.header('host') === flow.host) await next();
    else c.res = c.text('not found\n', 404);
    c.header('content-security-policy', policy);
    c.header('cache-control', 'no-store');
    // the origin only: the callback's address holds the code, and GitHub may look at where the form comes from
    c.header('referrer-policy', 'strict-origin');
    c.header('x-content-type-options', 'nosniff');
    c.header('connection', 'close');
  });
  app.get(flow.startPath, (c) => c.html(startPage(flow.target, flow.manifest, flow.state)));
  const progress = { taken: false };
  app.get('/callback', (c) => callback(c, flow, progress));
  return app;
}

/** One callback with our state is taken; it opens the door again only where GitHub could not be reached. */
async function callback(c: Context, flow: AppFlow, progress: { taken: boolean }): Promise<Response> {
  const { state = '', code = '' } = c.req.query();
  if (!isSame(state, flow.state)) {
    return c.html(
      refused('it does not carry the state of this run. Start from the page that the terminal names.'),
      403,
    );
  }
  if (!CODE.test(code)) return c.html(refused('it carries no code. Start again from the first page.'), 400);
  if (progress.taken) return c.html(refused('another callback of this run came first.'), 409);
  progress.taken = true;
  try {
    const created = await flow.convert(code);
    await flow.save(created);
    flow.done(created);
    return c.html(donePage(flow.target, created));
  } catch (error) {
    if (!(error instanceof GloveboxError && error.retry)) return failed(c, flow, error);
    progress.taken = false;
    flow.warn(error.message);
    return c.html(errorPage('GitHub did not answer', error.message), 502);
  }
}

function failed(c: Context, flow: AppFlow, error: unknown): Response | Promise<Response> {
  flow.failed(error);
  const message =
    error instanceof GloveboxError ? error.message : 'A defect of ours; the terminal says more.';
  return c.html(errorPage('The App is not ready', message), 500);
}

function refused(why: string): Page {
  return errorPage('Refused', `This callback is refused: ${why}`);
}

/** Compares digests, so that neither length nor time tells of the state. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
