/**
 * A gateway for runner tests: a real HTTP server on a real unix socket that answers as the contract says and records what
 * it was sent. It can be told to be away, to close the phase, and to answer the model's calls from a script.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BaseResults, NewResults } from '../../src/result/contract/cell.ts';
import { ChangeSet, changeSetDigest } from '../../src/result/contract/change-set.ts';
import { GATEWAY_PATHS, Heartbeat, Seal } from '../../src/result/contract/gateway-api.ts';
import type { PhaseSpec, SealedSet } from '../../src/result/contract/phase-spec.ts';
import { type ScriptedReply, writeReply } from './scripted-anthropic.ts';

/** What a model call looked like. */
export interface ModelRequest {
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    readonly model: string;
    readonly max_tokens: number;
    readonly system: readonly Record<string, unknown>[];
    readonly tools: readonly Record<string, unknown>[];
    readonly messages: readonly { role: string; content: string | readonly Record<string, unknown>[] }[];
  };
}

/** The fake. Set fields to script it, read fields to see what came. */
export class FakeGateway {
  readonly folder = mkdtempSync(join(tmpdir(), 'gw-'));
  readonly socketPath: string;
  readonly tokenFile = join(this.folder, 'token');
  token = 'gbx_test';
  spec: PhaseSpec | null = null;
  /** A bare or plain repository that `git http-backend` serves. */
  gitFolder: string | null = null;
  replies: ((request: ModelRequest, index: number) => ScriptedReply) | null = null;
  stop = false;
  verifyEnded = false;
  closed = false;
  sealed: SealedSet | 'nothing' | null = null;
  /** So many next requests are answered 503. */
  away = 0;
  readonly requests: { method: string; path: string; authorization: string | undefined }[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly changeSets: ChangeSet[] = [];
  readonly seals: Seal[] = [];
  readonly modelRequests: ModelRequest[] = [];
  readonly base: BaseResults[] = [];
  readonly next: NewResults[] = [];
  #server: Server = this.#createServer();

  /** Further tokens that are let in, each with its own spec. */
  readonly specs = new Map<string, PhaseSpec>();

  constructor(socketPath?: string) {
    this.socketPath = socketPath ?? join(this.folder, 's');
  }

  /** Listens; call it again after `goAway`. */
  async start(): Promise<this> {
    writeFileSync(this.tokenFile, `${this.token}\n`);
    this.#server = this.#createServer();
    await new Promise<void>((resolve) => this.#server.listen(this.socketPath, resolve));
    chmodSync(this.socketPath, 0o666);
    return this;
  }

  /** Stops listening and cuts what is open, as a restart does. */
  async goAway(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async close(): Promise<void> {
    await this.goAway();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #createServer(): Server {
    return createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(422).end(JSON.stringify({ error: { code: 'invalid', message: String(error) } }));
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { authorization } = request.headers;
    this.requests.push({ method: request.method ?? '', path, authorization });
    const refusal = this.#refusal(authorization);
    if (refusal !== null) {
      response.writeHead(refusal).end(JSON.stringify({ error: { code: 'refused', message: 'scripted' } }));
      return;
    }
    if (path.startsWith(GATEWAY_PATHS.git)) return this.#git(request, response);
    const body = await buffer(request);
    if (path === '/v1/messages') return this.#model(request, response, body);
    const [status, answer] =
      path === GATEWAY_PATHS.spec
        ? this.#spec(authorization)
        : this.#contract(path, body.length > 0 ? JSON.parse(body.toString()) : null);
    response.writeHead(status).end(answer === null ? '' : JSON.stringify(answer));
  }

  #spec(authorization: string | undefined): [number, unknown] {
    const spec = this.specs.get(tokenOf(authorization)) ?? this.spec;
    return [spec === null ? 422 : 200, spec];
  }

  #refusal(authorization: string | undefined): number | null {
    if (this.away > 0) {
      this.away--;
      return 503;
    }
    const token = tokenOf(authorization);
    if (token !== this.token && !this.specs.has(token)) return 401;
    return this.closed ? 403 : null;
  }

  #contract(path: string, body: unknown): [number, unknown] {
    switch (path) {
      case GATEWAY_PATHS.heartbeat:
        this.heartbeats.push(Heartbeat.parse(body));
        return [200, { stop: this.stop, verifyEnded: this.verifyEnded }];
      case GATEWAY_PATHS.changeSet: {
        const changeSet = ChangeSet.parse(body);
        this.changeSets.push(changeSet);
        return [200, { digest: changeSetDigest(changeSet) }];
      }
      case GATEWAY_PATHS.seal: {
        const seal = Seal.parse(body);
        this.seals.push(seal);
        this.closed = true;
        return [200, { digest: seal.digest }];
      }
      case GATEWAY_PATHS.baseResults:
        this.base.push(BaseResults.parse(body));
        return [204, null];
      case GATEWAY_PATHS.sealed:
        return this.#sealed();
      case GATEWAY_PATHS.newResults:
        this.next.push(NewResults.parse(body));
        return [204, null];
      default:
        return [404, null];
    }
  }

  #sealed(): [number, unknown] {
    if (this.base.length === 0) return [409, { error: 'base results are not in' }];
    if (this.sealed === null) return [204, null];
    return this.sealed === 'nothing' ? [410, null] : [200, this.sealed];
  }

  #model(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const seen: ModelRequest = { headers: request.headers, body: JSON.parse(body.toString()) };
    this.modelRequests.push(seen);
    const reply = this.replies?.(seen, this.modelRequests.length - 1);
    writeReply(response, reply ?? { blocks: [{ type: 'text', text: 'done' }] });
  }

  /** git's own CGI. */
  async #git(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://gateway');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: this.gitFolder ?? '/nonexistent',
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        PATH_INFO: url.pathname.slice(GATEWAY_PATHS.git.length),
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_ADDR: '127.0.0.1',
      },
    });
    request.pipe(child.stdin);
    const out = await buffer(child.stdout);
    const end = out.indexOf('\r\n\r\n');
    const headers = out
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': '));
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    for (const [name, value] of headers) {
      if (name !== undefined && value !== undefined && name !== 'Status') response.setHeader(name, value);
    }
    response.writeHead(Number.parseInt(status, 10)).end(out.subarray(end + 4));
  }
}

function tokenOf(authorization: string | undefined): string {
  return authorization?.replace(/^Bearer /, '') ?? '';
}
