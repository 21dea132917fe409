/** Plain requests to the API server, as our own account or, by impersonation, as another; the adapter of all cluster checks. */
import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } from '@kubernetes/client-node';
import { openKubeAccess } from '../../../job/kube-access.ts';
import { GloveboxError } from '../../../shared/errors.ts';
import { reasonOf } from '../place.ts';

/** One request. `path` carries its query. */
export interface KubeAsk {
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  /** The user to impersonate; null or left out: ourselves. */
  readonly as?: string | null;
}

/** Any answer, refusals included. `body` is JSON, or null. */
export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The answer's `Date` and `Warning` headers. */
  readonly date: string | null;
  readonly warning: string | null;
}

export interface KubeRequests {
  /** `host:port` of the API server. */
  readonly server: string;
  /** Error `kubernetes-unavailable` where nobody answers in time. */
  ask(request: KubeAsk): Promise<KubeAnswer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;

/** The cluster of KUBECONFIG's current context, or the one that this process is a pod of. Error `cluster-unknown`. */
export function openKubeRequests(kubeconfigPath?: string): KubeRequests {
  const access = openKubeAccess({
    callTimeoutMs: TIMEOUT_MS,
    warn: () => {},
    ...(kubeconfigPath === undefined ? {} : { kubeconfigPath }),
  });
  const origin = access.config.getCurrentCluster()?.server ?? '';
  const http = new IsomorphicFetchHttpLibrary();
  return {
    server: access.server,
    close: () => access.close(),
    async ask({ path, method = 'GET', body, as = null }) {
      const context = new RequestContext(origin.replace(/\/$/, '') + path, HttpMethod[method]);
      context.setSignal(AbortSignal.timeout(TIMEOUT_MS));
      await access.config.applySecurityAuthentication(context);
      context.setHeaderParam('Accept', 'application/json');
      if (as !== null) context.setHeaderParam('Impersonate-User', as);
      if (body !== undefined) {
        context.setHeaderParam('Content-Type', 'application/json');
        context.setBody(JSON.stringify(body));
      }
      try {
        const response = await http.send(context).toPromise();
        const { headers } = response;
        const { date = null, warning = null } = headers;
        return { status: response.httpStatusCode, body: parsed(await response.body.text()), date, warning };
      } catch (cause) {
        throw new GloveboxError({
          code: 'kubernetes-unavailable',
          message: `The API server at ${access.server} does not answer: ${reasonOf(cause)}.`,
          retry: true,
          cause,
        });
      }
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
