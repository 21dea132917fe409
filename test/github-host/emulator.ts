/**
 * Starts the GitHub emulator in this process and hands out its store: the plugin's `register` is wrapped at run time, which
 * also takes its webhooks over, so that only this host sends any.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createEmulator } from 'emulate';
import { z } from 'zod';
import type { Store } from './store.ts';

/** What a token opens, as the emulator keeps it. */
export interface TokenOwner {
  readonly login: string;
  readonly id: number;
  readonly installation?: {
    readonly installationId: number;
    readonly appId: number;
    readonly accountId: number;
    readonly permissions: Readonly<Record<string, string>>;
    readonly repositoryIds: readonly number[];
    readonly repositorySelection: string;
  };
}

/** An event as the emulator announces it; its payload still differs from GitHub's. */
export interface EmulatedEvent {
  readonly event: string;
  readonly action: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly repository: string | undefined;
  readonly owner: string;
}

/** The running emulator. */
export interface Emulator {
  /** Where it listens itself; the host in front forwards to it. */
  readonly origin: string;
  readonly store: Store;
  readonly tokens: Map<string, TokenOwner>;
  close(): Promise<void>;
}

interface Webhooks {
  dispatch(
    event: string,
    action: string | undefined,
    payload: Readonly<Record<string, unknown>>,
    owner: string,
    repo?: string,
  ): Promise<void>;
}

type Register = (
  app: unknown,
  store: unknown,
  webhooks: Webhooks,
  baseUrl: string,
  tokens: Map<string, TokenOwner>,
) => void;

interface Captured {
  readonly store: Store;
  readonly tokens: Map<string, TokenOwner>;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const PluginModule = z.object({
  githubPlugin: z.custom<{ register: Register }>(
    (value) => typeof value === 'object' && value !== null && 'register' in value,
  ),
  getGitHubStore: z.custom<(store: unknown) => Store>(isFunction),
});

const captured = new Map<string, Captured>();
const listeners = new Map<string, (event: EmulatedEvent) => void>();
let wrapped: Promise<void> | null = null;

/** Starts the emulator behind `publicUrl`, which is what its answers name. `seed` is emulate's own GitHub seed. */
export async function startEmulator(options: {
  readonly publicUrl: string;
  readonly tokens: Readonly<Record<string, { login: string }>>;
  readonly seed: Readonly<Record<string, unknown>>;
  readonly onEvent: (event: EmulatedEvent) => void;
}): Promise<Emulator> {
  wrapped ??= wrapPlugin();
  await wrapped;
  listeners.set(options.publicUrl, options.onEvent);
  const port = await freePort();
  const emulator = await createEmulator({
    service: 'github',
    port,
    baseUrl: options.publicUrl,
    seed: { tokens: { ...options.tokens }, github: options.seed },
  });
  const parts = captured.get(options.publicUrl);
  if (!parts) throw new Error('The emulator did not register its GitHub plugin; was emulate updated?');
  return {
    ...parts,
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      captured.delete(options.publicUrl);
      listeners.delete(options.publicUrl);
      await emulator.close();
    },
  };
}

async function wrapPlugin(): Promise<void> {
  const dist = new URL('.', import.meta.resolve('emulate'));
  const file = readdirSync(dist).find(
    (name) =>
      /^dist-.*\.js$/.test(name) &&
      readFileSync(fileURLToPath(new URL(name, dist)), 'utf8').includes('githubPlugin'),
  );
  if (!file) throw new Error(`No GitHub plugin in ${dist.href}; was emulate updated?`);
  const module = PluginModule.parse(await import(pathToFileURL(fileURLToPath(new URL(file, dist))).href));
  const register = module.githubPlugin.register.bind(module.githubPlugin);
  module.githubPlugin.register = (app, store, webhooks, baseUrl, tokens) => {
    register(app, store, webhooks, baseUrl, tokens);
    captured.set(baseUrl, { store: module.getGitHubStore(store), tokens });
    webhooks.dispatch = async (event, action, payload, owner, repository) => {
      listeners.get(baseUrl)?.({ event, action, payload, owner, repository });
    };
  };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
