/**
 * The git read proxy, the only way in which a fetch phase reaches its repository: protocol v2, one commit, read only.
 * `info/refs` and `ls-refs` are answered here; one rebuilt `fetch` goes to GitHub, its answer is counted and passed on.
 */
import { gunzipSync } from 'node:zlib';
import { GATEWAY_PATHS } from '../../result/contract/gateway-api.ts';
import type { SecretBox } from '../../shared/secret-box.ts';
import { loadTask } from '../../task/store/load-task.ts';
import type { Task } from '../../task/task.ts';
import type { Caller } from '../identity.ts';
import { readBytes } from '../read-body.ts';
import { Refusal } from '../refusal.ts';
import { type Call, requireOpenPhase, type SandboxDeps } from '../sandbox/call.ts';
import type { Endpoint } from '../sandbox-routes.ts';
import { capabilityAdvertisement, lsRefsAnswer } from './advertisement.ts';
import { boundedStream } from './bounded-stream.ts';
import type { FetchPack } from './git-upstream.ts';
import { createPackCounter } from './pack-counter.ts';
import { readUploadPackRequest } from './upload-pack-request.ts';

/** What the proxy needs besides the routes' own. */
export interface GitReadDeps {
  readonly fetchPack: FetchPack;
  readonly secretBox: SecretBox;
  /** Bound of one pack; a repository that is larger at one commit is not for this bot. */
  readonly maxPackBytes: number;
  readonly packTimeoutMs: number;
}

const MAX_REQUEST_BYTES = 64 * 1024;
const RESULT_TYPE = 'application/x-git-upload-pack-result';

/** The proxy's endpoints, open to phase fetch alone. */
export function gitReadEndpoints(git: GitReadDeps): readonly Endpoint[] {
  const counter = createPackCounter();
  return [
    {
      method: 'GET',
      path: `${GATEWAY_PATHS.git}/info/refs`,
      phases: ['fetch'],
      handle: advertise,
    },
    {
      method: 'POST',
      path: `${GATEWAY_PATHS.git}/git-upload-pack`,
      phases: ['fetch'],
      handle: async (deps, call) => {
        await requireOpenPhase(deps, call.caller);
        const request = await readRequest(call.request);
        const task = await loadTask(deps.db, call.caller.taskId);
        const asked = readUploadPackRequest(request, baseShaOf(task));
        if (asked.command === 'refused') throw new Refusal('invalid', asked.reason);
        if (asked.command === 'ls-refs') return gitAnswer(RESULT_TYPE, lsRefsAnswer(baseShaOf(task)));
        counter.take(call.caller.jobName);
        return passPack({ ...git, ...deps }, { ...call, task, body: asked.upstreamBody });
      },
    },
  ];
}

async function advertise(deps: SandboxDeps, { caller, request }: Call): Promise<Response> {
  await requireOpenPhase(deps, caller);
  if (new URL(request.url).search !== '?service=git-upload-pack')
    throw new Refusal('invalid', 'git: service');
  requireVersion2(request.headers);
  const task = await loadTask(deps.db, caller.taskId);
  return gitAnswer('application/x-git-upload-pack-advertisement', capabilityAdvertisement(baseShaOf(task)));
}

async function passPack(
  deps: GitReadDeps & SandboxDeps,
  fetched: Call & { readonly task: Task; readonly body: Buffer },
): Promise<Response> {
  const { caller, request, task, body } = fetched;
  const { owner, repo } = task.repo;
  const signal = AbortSignal.any([
    request.signal,
    deps.closings.signalFor(caller.jobName),
    AbortSignal.timeout(deps.packTimeoutMs),
  ]);
  const pack = await deps.fetchPack({ owner, repo, body, signal, token: await readToken(deps, caller) });
  return gitAnswer(RESULT_TYPE, boundedStream(pack, deps.maxPackBytes));
}

/** The installation token that the control plane minted for this job. Error: `Refusal` `unavailable` where there is none. */
async function readToken(deps: GitReadDeps & SandboxDeps, caller: Caller): Promise<string> {
  const row = await deps.db
    .selectFrom('job')
    .select('git_token')
    .where('name', '=', caller.jobName)
    .executeTakeFirstOrThrow();
  if (!row.git_token) throw new Refusal('unavailable', 'git: no token for this job');
  return deps.secretBox.open(row.git_token, caller.jobName);
}

async function readRequest(request: Request): Promise<Buffer> {
  requireVersion2(request.headers);
  if (new URL(request.url).search !== '') throw new Refusal('invalid', 'git: query');
  if (request.headers.get('content-type') !== 'application/x-git-upload-pack-request') {
    throw new Refusal('invalid', 'git: content-type');
  }
  const bytes = await readBytes(request, MAX_REQUEST_BYTES);
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding === 'identity') return bytes;
  if (encoding !== 'gzip') throw new Refusal('invalid', 'git: content-encoding');
  return gunzip(bytes);
}

function gunzip(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_REQUEST_BYTES });
  } catch {
    throw new Refusal('too-large', 'git: gzip over the bound, or broken');
  }
}

function requireVersion2(headers: Headers): void {
  if (headers.get('git-protocol') !== 'version=2')
    throw new Refusal('invalid', 'git: not protocol version 2');
}

function baseShaOf(task: Task): string {
  if (task.pin) return task.pin.baseSha;
  throw new Error(`Task '${task.id}' has a job without a pin.`);
}

function gitAnswer(type: string, body: string | ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-cache' } });
}
