/** Every request that the host answered, and how surfaces count them (content-creating, edit, git, read, token). */

/** One request, after its answer. */
export interface RecordedRequest {
  readonly at: number;
  readonly method: string;
  /** Path without query, as sent. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Login of the user, `SLUG[bot]` of an installation, the App's slug, or empty for nobody. */
  readonly actor: string;
  readonly actorKind: string;
  /** Parsed JSON, null for none. */
  readonly body: unknown;
  readonly status: number;
}

/** Requests by kind, as the demo prints them. */
export interface GithubCalls {
  readonly content: number;
  readonly edit: number;
  readonly git: number;
  readonly read: number;
  readonly token: number;
}

const CONTENT =
  /^POST \/repos\/[^/]+\/[^/]+\/(issues|issues\/(\d+|comments\/\d+)\/reactions|issues\/\d+\/(comments|labels|assignees)|check-runs|pulls|pulls\/\d+\/(comments|reviews)|labels)$/;

/** Counts what the App and its installations asked; people and probes are left out, failures too. */
export function countCalls(requests: readonly RecordedRequest[]): GithubCalls {
  const counts = { content: 0, edit: 0, git: 0, read: 0, token: 0 };
  for (const request of requests) {
    if (request.actorKind !== 'app' && request.actorKind !== 'installation') continue;
    if (request.status >= 400) continue;
    counts[kindOf(request)] += 1;
  }
  return counts;
}

/** Which of the five kinds a request is. */
function kindOf(request: Pick<RecordedRequest, 'method' | 'path' | 'body'>): keyof GithubCalls {
  const { method, path, body } = request;
  if (path.endsWith('/access_tokens') || path === '/installation/token') return 'token';
  if (path.includes('.git/') || method === 'GET' || method === 'HEAD') return 'read';
  if (path.includes('/git/')) return 'git';
  if (path === '/graphql') return JSON.stringify(body).includes('updateRefs') ? 'git' : 'edit';
  if (CONTENT.test(`${method} ${path}`)) return 'content';
  return setsLabels(method, path, body) ? 'content' : 'edit';
}

/** Labels and assignee in one PATCH show something new; other PATCHes edit what is there. */
function setsLabels(method: string, path: string, body: unknown): boolean {
  if (method !== 'PATCH' || !/\/issues\/\d+$/.test(path)) return false;
  return typeof body === 'object' && body !== null && ('labels' in body || 'assignees' in body);
}
