/**
 * How a process of ours reaches the API server: the kubeconfig's account, or the pod's own. All calls and watches share
 * one pool of connections, which the client by itself would open anew for each call.
 */
import {
  createConfiguration,
  KubeConfig,
  type RequestContext,
  ServerConfiguration,
} from '@kubernetes/client-node';
import { GloveboxError } from '../shared/errors.ts';

type Configuration = ReturnType<typeof createConfiguration>;
type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>;

/** An account on a cluster. */
export interface KubeAccess {
  /** For watches. */
  readonly config: KubeConfig;
  /** For the client's typed calls; each gets the time limit. */
  readonly configuration: Configuration;
  /** `host:port` of the API server. */
  readonly server: string;
  close(): Promise<void>;
}

export interface KubeAccessOptions {
  /** A kubeconfig to use whatever the environment says. */
  readonly kubeconfigPath?: string;
  readonly callTimeoutMs: number;
  /** Told of each warning that the API server sends beside an answer, e.g. that Pod Security will refuse the pods. */
  readonly warn: (warning: string) => void;
}

/** What the client makes up where it finds no configuration at all. */
const NOTHING_FOUND = 'http://localhost:8080';

/** KUBECONFIG where it is set, else the pod's own account. Error `cluster-unknown`: neither is there, or it is broken. */
export function openKubeAccess(options: KubeAccessOptions): KubeAccess {
  const config = loadConfig(options.kubeconfigPath);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw missing('it names no cluster');
  if (server === NOTHING_FOUND) throw missing('there is none');
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [
      {
        pre: async (request) => {
          request.setSignal(AbortSignal.timeout(options.callTimeoutMs));
          return request;
        },
        post: async (response) => {
          const warning = response.headers['warning'];
          if (warning !== undefined) options.warn(warning);
          return response;
        },
      },
    ],
  });
  return { config, configuration, server: addressOf(server), close: () => config.close() };
}

function addressOf(server: string): string {
  const { hostname, port, protocol } = new URL(server);
  return `${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`;
}

/** Gives every request the first one's dispatcher; the account's token is still read anew. */
class PooledConfig extends KubeConfig {
  #dispatcher: Dispatcher | undefined;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    this.#dispatcher ??= context.getDispatcher();
    if (this.#dispatcher !== undefined) context.setDispatcher(this.#dispatcher);
  }

  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
  }
}

function loadConfig(path: string | undefined): PooledConfig {
  const config = new PooledConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch {
    // the parser's error quotes the file, keys and tokens included
    throw missing('it cannot be read');
  }
  return config;
}

function missing(why: string): GloveboxError {
  return new GloveboxError({
    code: 'cluster-unknown',
    message: `The cluster's configuration is of no use: ${why}. Run in a pod with a service account, or set KUBECONFIG.`,
  });
}
