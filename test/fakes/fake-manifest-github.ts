/** The part of GitHub that turns a manifest's one-time code into an App: each code works once, as on GitHub. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** The App that a good code gives. */
export interface MadeApp {
  readonly id: number;
  readonly slug: string;
  readonly pem: string;
  readonly webhook_secret: string;
  readonly client_secret: string;
}

/** A GitHub on this machine; `calls` are the codes that it was asked for. */
export interface FakeManifestGithub {
  readonly url: string;
  readonly calls: readonly string[];
  /** Makes a code good, once. */
  issue(code: string, app?: Partial<Record<keyof MadeApp, unknown>>): MadeApp;
  /** The next exchange is answered with this status, and the code is not used up. */
  failNext(status: number): void;
  /** Exchanges wait until the answer of this is called. */
  hold(): () => void;
  close(): Promise<void>;
}

/** An RSA key as GitHub makes them. */
function newKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  }).privateKey;
}

/** Starts it. */
export async function startFakeManifestGithub(): Promise<FakeManifestGithub> {
  const codes = new Map<string, object>();
  const calls: string[] = [];
  const failures: number[] = [];
  let held = Promise.resolve();
  const answer = async (method: string, path: string): Promise<{ status: number; body: object }> => {
    const code = /^\/api\/v3\/app-manifests\/([^/]+)\/conversions$/.exec(path)?.[1];
    if (method !== 'POST' || code === undefined) return { status: 404, body: { message: 'Not Found' } };
    calls.push(code);
    await held;
    const failure = failures.shift();
    if (failure !== undefined) return { status: failure, body: { message: 'failed' } };
    const app = codes.get(code);
    codes.delete(code);
    return app ? { status: 201, body: app } : { status: 404, body: { message: 'Not Found' } };
  };
  const server = createServer((request, response) => {
    void answer(request.method ?? '', request.url ?? '').then(({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    issue: (code, app = {}) => {
      const made = {
        id: 4_242,
        slug: 'glovebox-octo-org',
        pem: newKey(),
        webhook_secret: 'f00dfacef00dfacef00dfacef00dface',
        client_secret: 'c1ientc1ientc1ientc1ient',
      };
      codes.set(code, { ...made, ...app });
      return made;
    },
    failNext: (status) => void failures.push(status),
    hold: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return gate.resolve;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
