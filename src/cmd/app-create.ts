/**
 * `glovebox app create`: plays GitHub's manifest flow on a page of this machine, so that an organisation's owner creates
 * the App with one button, and writes its keys into an environment file.
 */
import { createServer, type Server } from 'node:http';
import { resolve } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { GloveboxError } from '../shared/errors.ts';
import type { RandomBytes } from '../shared/ids.ts';
import { appManifest } from './app/app-manifest.ts';
import { installUrl } from './app/app-pages.ts';
import { appRoutes } from './app/app-routes.ts';
import { type AppTarget, readTarget, type TargetArgs } from './app/app-target.ts';
import { type CreatedApp, convertCode } from './app/convert-code.ts';
import { checkEnvFileFree, envFileText, writeEnvFile } from './app/env-file.ts';

/** What the command line says. */
export interface AppCreateArgs extends TargetArgs {
  /**
   * The environment file to write; left out, `glovebox.env` here. Not called `--env-file`: Node takes that word for its
   * own option wherever it stands, and stops when the file is not there.
   */
  readonly output?: string | undefined;
  /** 0 or left out: any free port. */
  readonly port?: number | undefined;
}

/** What it needs of the world. */
export interface AppCreateDeps {
  readonly io: { readonly out: (text: string) => void; readonly error: (text: string) => void };
  readonly fetch: typeof fetch;
  readonly random: RandomBytes;
}

const HOST = '127.0.0.1';
const EXCHANGE_TIMEOUT_MS = 20_000;
/** How long the last page may take to reach the browser. */
const GRACE_MS = 2_000;

/**
 * Serves the page until GitHub has come back; 0 when the file is written. Errors: `org-invalid`, `url-invalid`,
 * `github-invalid`, `port-invalid`, `port-taken`, those of the environment file and of the exchange.
 */
export async function appCreate(deps: AppCreateDeps, args: AppCreateArgs): Promise<0> {
  const target = readTarget(args);
  const envFile = resolve(args.output ?? 'glovebox.env');
  await checkEnvFileFree(envFile);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 15_000 });
  const host = `${HOST}:${await listen(server, args.port ?? 0)}`;
  try {
    const created = await play(deps, { target, envFile, server, host });
    deps.io.out(nextSteps(target, created, envFile));
    return 0;
  } finally {
    await close(server);
  }
}

interface Run {
  readonly target: AppTarget;
  readonly envFile: string;
  readonly server: Server;
  readonly host: string;
}

/** Answers requests until the flow is over. */
function play({ io, fetch, random }: AppCreateDeps, run: Run): Promise<CreatedApp> {
  const { target, envFile, server, host } = run;
  const over = Promise.withResolvers<CreatedApp>();
  const startPath = `/${unguessable(random)}`;
  const routes = appRoutes({
    target,
    manifest: appManifest(target, `http://${host}/callback`),
    host,
    startPath,
    state: unguessable(random),
    convert: (code) => convertCode({ fetch, timeoutMs: EXCHANGE_TIMEOUT_MS }, target, code),
    save: (app) => writeEnvFile({ path: envFile, text: envFileText(target, app, random) }, target, app.slug),
    done: over.resolve,
    failed: over.reject,
    warn: (message) => io.error(`${message}\n`),
  });
  server.on('request', getRequestListener(routes.fetch, { overrideGlobalObjects: false }));
  io.out(firstStep(target, host, startPath));
  return over.promise;
}

function unguessable(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('base64url');
}

async function listen(server: Server, port: number): Promise<number> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new GloveboxError({
      code: 'port-invalid',
      message: `Invalid --port '${port}': expected 0 to 65535.`,
    });
  }
  await new Promise<void>((listening, reject) => {
    server.once('error', (cause) =>
      reject(
        new GloveboxError({
          code: 'port-taken',
          message: `Cannot listen on ${HOST}:${port}: expected a free port. Name another with --port, or none.`,
          cause,
        }),
      ),
    );
    server.listen(port, HOST, listening);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Browsers keep connections open that never ask anything; those are cut. */
function close(server: Server): Promise<void> {
  return new Promise((closed) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      closed();
    });
  });
}

function firstStep({ org }: AppTarget, host: string, startPath: string): string {
  const port = host.split(':')[1];
  return `Open this page in a browser of this machine, signed in to GitHub as an owner of ${org}:

  http://${host}${startPath}

A browser elsewhere needs this first:  ssh -L ${port}:${host} THIS_MACHINE
Waiting for GitHub to send you back. Ctrl-C ends this; nothing is created before you agree on GitHub's page.
`;
}

function nextSteps(target: AppTarget, app: CreatedApp, envFile: string): string {
  return `
Created the App '${app.slug}' (id ${app.id}) on ${target.org}. Its keys are in ${envFile} (mode 0600).

Next:
1. Install it on the repositories that may use it: ${installUrl(target, app.slug)}
2. Add DATABASE_URL and ANTHROPIC_API_KEY to that file, and write glovebox.config.yml.
3. Lead ${target.webhookUrl} to the bot, 127.0.0.1:3000 unless told otherwise.
4. Start both processes: set -a; . ${shellWord(envFile)}; set +a; npm start
`;
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
