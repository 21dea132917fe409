/**
 * The GitHub that demo and tests run against: an emulator with an overlay in front of it that behaves as GitHub does where
 * the emulator does not, checks every request against GitHub's own description, and can fail on demand.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { type EmulatedEvent, type Emulator, startEmulator } from './emulator.ts';
import { createFaults, type Faults } from './faults.ts';
import { isGitRequest, serveGit } from './git-http.ts';
import { buildApi } from './host-api.ts';
import { findRepo, type HostApp, type HostRules, type HostState, identityParts } from './host-state.ts';
import { type Actor, identify } from './identity.ts';
import { keepLabelled } from './issue-events.ts';
import { type People, people } from './people.ts';
import { countCalls, type GithubCalls, type RecordedRequest } from './request-log.ts';
import { ORGANISATION, PEOPLE, type RepositorySeed } from './seed.ts';
import { buildApp, emulatorSeed, type HostAppOptions, seedHost } from './seed-host.ts';
import { announcements, toOutgoing } from './webhook-payload.ts';
import { createWebhookSender, type WebhookSender, type WebhookTarget } from './webhook-sender.ts';

/** How to start a host. */
export interface GithubHostOptions {
  /** Port; a free one by default. */
  readonly port?: number;
  /** Address to listen on, and what others call it; loopback by default. */
  readonly listen?: { readonly host: string; readonly publicUrl: string };
  readonly repositories: readonly RepositorySeed[];
  /** Where the App's webhooks go; can be set later. */
  readonly webhook?: WebhookTarget;
  readonly app?: HostAppOptions;
  /** Milliseconds since the epoch; the machine's clock by default. */
  readonly now?: () => number;
}

/** A running host. */
export interface GithubHost {
  /** The API's base URL; git is served under the same origin. */
  readonly url: string;
  readonly app: HostApp;
  readonly people: People;
  readonly webhooks: WebhookSender;
  readonly faults: Faults;
  readonly rules: HostRules;
  /** All answered requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** What strayed from GitHub's OpenAPI (requests of the App) or from its webhook schemas (our payloads); must stay empty. */
  readonly violations: readonly string[];
  /** The store, for assertions on what stands on the host. */
  readonly state: HostState;
  /** Id of a repository of the organisation. */
  repositoryId(name: string): number;
  /** Suspends the installation, or lifts that. */
  suspend(on: boolean): void;
  /** Requests of the App by kind, as the demo prints them. */
  githubCalls(): GithubCalls;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/** Starts a host. Errors: the port's `EADDRINUSE`. */
export async function startGithubHost(options: GithubHostOptions): Promise<GithubHost> {
  const folder = mkdtempSync(join(tmpdir(), 'github-host-'));
  const requests: RecordedRequest[] = [];
  const violations: string[] = [];
  const faults = createFaults();
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => {
    response.writeHead(503).end();
  };
  const server = createServer((request, response) => handle(request, response));
  const origin = await listen(server, { port: options.port ?? 0, host: options.listen?.host ?? LOOPBACK });
  const url = options.listen?.publicUrl ?? origin;
  const app = buildApp(options.app);
  const holder: { state: HostState | null } = { state: null };
  const emulator = await startEmulator({
    publicUrl: url,
    tokens: Object.fromEntries(Object.values(PEOPLE).map(({ login, token }) => [token, { login }])),
    seed: emulatorSeed(app, options.repositories),
    onEvent: (event) => {
      if (holder.state) announce(holder.state, event);
    },
  });
  const state = buildState({
    url,
    origin,
    app,
    emulator,
    options,
    report: (problem) => violations.push(problem),
  });
  holder.state = state;
  seedHost(state, options.repositories);
  const api = getRequestListener(buildApi({ state, faults, requests, violations }).fetch);
  const git = gitHandler({ state, folder, requests });
  handle = (request, response) => {
    const path = new URL(request.url ?? '/', url).pathname;
    void (isGitRequest(path) ? git(request, response) : api(request, response));
  };
  return {
    url,
    app,
    people: people(state),
    webhooks: state.sender,
    faults,
    rules: state.rules,
    requests,
    violations,
    state,
    repositoryId: (name) => repositoryId(state, name),
    suspend: (on) => suspend(state, on),
    githubCalls: () => countCalls(requests),
    close: async () => {
      await state.sender.settled();
      await Promise.all([closeServer(server), emulator.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function announce(state: HostState, event: EmulatedEvent): void {
  for (const [index, single] of announcements(event).entries()) {
    if (index > 0) keepLabelled(state, single);
    const outgoing = toOutgoing(state, single);
    if (outgoing) state.sender.send(outgoing);
  }
}

function buildState(parts: {
  readonly url: string;
  readonly origin: string;
  readonly app: HostApp;
  readonly emulator: Emulator;
  readonly options: GithubHostOptions;
  readonly report: (problem: string) => void;
}): HostState {
  const { url, origin, app, emulator, options, report } = parts;
  const target = options.webhook ?? null;
  return {
    url,
    origin,
    app,
    emulator,
    store: emulator.store,
    sender: createWebhookSender({ appId: app.id, installationId: app.installationId, report, target }),
    rules: { draftsRefused: false, forbiddenRefs: [], roleNames: new Map() },
    reactions: [],
    issueTexts: new Map(),
    verified: new Map(),
    tokenExpiries: new Map(),
    now: options.now ?? Date.now,
  };
}

function repositoryId(state: HostState, name: string): number {
  const repo = findRepo(state, ORGANISATION, name);
  if (!repo) throw new Error(`No repository '${name}'`);
  return repo.id;
}

function suspend(state: HostState, on: boolean): void {
  for (const row of state.store.appInstallations.all())
    state.store.appInstallations.update(row.id, {
      suspended_at: on ? new Date(state.now()).toISOString() : null,
    });
}

function gitHandler(host: {
  readonly state: HostState;
  readonly folder: string;
  readonly requests: RecordedRequest[];
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const { state } = host;
    const actor: Actor = identify(identityParts(state), request.headers.authorization);
    const url = new URL(request.url ?? '/', state.url);
    const status = await serveGit({ ...host, actor }, request, response).catch(() => {
      response.destroy();
      return 500;
    });
    host.requests.push({
      at: state.now(),
      method: request.method ?? 'GET',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      actor: actor.login,
      actorKind: actor.kind,
      body: null,
      status,
    });
  };
}

/** Answers with the origin that this machine reaches it by. */
function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      const address = server.address();
      resolve(`http://${LOOPBACK}:${typeof address === 'object' && address ? address.port : at.port}`);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
