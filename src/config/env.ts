/**
 * The one reader of the environment: each process gets a typed record of the variables that are its business. The bot
 * never learns the model key, the gateway never the App's key. Values of secrets never stand in a message.
 */
import { z } from 'zod';
import { GloveboxError } from '../shared/errors.ts';
import { BotVariables, ClusterVariables, CommonVariables, GatewayVariables } from './env-variables.ts';

/** What both processes know. */
export interface CommonEnv {
  /** Null: the embedded store in `home`. */
  readonly databaseUrl: string | null;
  readonly home: string;
  readonly configPath: string;
  readonly logLevel: string;
  /** 32 bytes. */
  readonly storeKey: Uint8Array;
  readonly sandbox: 'process' | 'kubernetes';
  readonly gatewaySocketDir: string;
}

/** The bot's environment. */
export interface BotEnv extends CommonEnv {
  readonly appId: number;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly githubApiUrl: string;
  readonly githubThrottle: boolean;
  /** A file's path, or `-` for standard output. */
  readonly auditSink: string;
  readonly host: string;
  readonly port: number;
}

/** What a bot needs to know besides when its sandboxes are Jobs of a cluster. */
export interface ClusterEnv {
  readonly runnerImage: string;
  /** The gateway's Service. */
  readonly gateway: { readonly host: string; readonly port: number };
  /** `host:port` each. */
  readonly canaries: readonly string[];
  /** Null: those of the bot itself. */
  readonly nameServers: readonly string[] | null;
  readonly appArmor: boolean;
}

/** The gateway's environment. */
export interface GatewayEnv extends CommonEnv {
  readonly anthropicApiKey: string | null;
  readonly anthropicBaseUrl: string;
  /** Whose recorded answers stand in for a model; null: none. */
  readonly replayTask: string | null;
  readonly githubGitUrl: string;
  readonly allowPlainGit: boolean;
  readonly allowUnfenced: boolean;
  readonly host: string;
  readonly port: number;
}

/** The model upstream's key alone, for a gateway that stands by itself and the demo's `--live`; null where there is none. */
export function readModelKey(environment: Environment = process.env): string | null {
  return parse(GatewayVariables.pick({ ANTHROPIC_API_KEY: true }), environment).ANTHROPIC_API_KEY ?? null;
}

/** What `process.env` looks like. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the bot's variables. Error `env-invalid` names every variable that is missing or wrong. */
export function readBotEnv(environment: Environment = process.env): BotEnv {
  const read = parse(BotVariables, environment);
  return {
    ...common(read),
    appId: Number(read.GITHUB_APP_ID),
    privateKey: read.GITHUB_PRIVATE_KEY,
    webhookSecret: read.GITHUB_WEBHOOK_SECRET,
    githubApiUrl: withoutSlash(read.GITHUB_API_URL),
    githubThrottle: read.GLOVEBOX_GITHUB_THROTTLE === 'on',
    auditSink: read.GLOVEBOX_AUDIT_SINK ?? `${read.GLOVEBOX_HOME}/audit.jsonl`,
    host: read.GLOVEBOX_BOT_HOST,
    port: Number(read.GLOVEBOX_BOT_PORT),
  };
}

/** Reads what only `GLOVEBOX_SANDBOX=kubernetes` needs. Error `env-invalid`. */
export function readClusterEnv(environment: Environment = process.env): ClusterEnv {
  const read = parse(ClusterVariables, environment);
  const colon = read.GLOVEBOX_GATEWAY_SERVICE.lastIndexOf(':');
  return {
    runnerImage: read.GLOVEBOX_RUNNER_IMAGE,
    gateway: {
      host: read.GLOVEBOX_GATEWAY_SERVICE.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(read.GLOVEBOX_GATEWAY_SERVICE.slice(colon + 1)),
    },
    canaries: read.GLOVEBOX_CANARIES,
    nameServers: read.GLOVEBOX_NAME_SERVERS ?? null,
    appArmor: read.GLOVEBOX_APPARMOR === 'on',
  };
}

/** Reads the gateway's variables. Error `env-invalid` names every variable that is missing or wrong. */
export function readGatewayEnv(environment: Environment = process.env): GatewayEnv {
  const read = parse(GatewayVariables, environment);
  const inCluster = read.GLOVEBOX_SANDBOX === 'kubernetes';
  return {
    ...common(read),
    anthropicApiKey: read.ANTHROPIC_API_KEY ?? null,
    anthropicBaseUrl: withoutSlash(read.ANTHROPIC_BASE_URL),
    replayTask: read.GLOVEBOX_REPLAY ?? null,
    githubGitUrl: withoutSlash(read.GITHUB_GIT_URL),
    allowPlainGit: read.GLOVEBOX_ALLOW_PLAIN_GIT === 'yes',
    allowUnfenced: read.GLOVEBOX_ALLOW_UNFENCED === 'yes',
    host: read.GLOVEBOX_GATEWAY_HOST ?? (inCluster ? '0.0.0.0' : '127.0.0.1'),
    port: Number(read.GLOVEBOX_GATEWAY_PORT ?? (inCluster ? 8_080 : 0)),
  };
}

/** Where the store is, for commands that only read the record. Error `env-invalid`. */
export function readStoreEnv(
  environment: Environment = process.env,
): Pick<CommonEnv, 'databaseUrl' | 'home'> {
  const read = parse(CommonVariables.pick({ DATABASE_URL: true, GLOVEBOX_HOME: true }), environment);
  return { databaseUrl: read.DATABASE_URL ?? null, home: read.GLOVEBOX_HOME };
}

/** The App's own key, for a look at what GitHub knows of it. Error `env-invalid`. */
export function readAppEnv(
  environment: Environment = process.env,
): Pick<BotEnv, 'appId' | 'privateKey' | 'githubApiUrl'> {
  const names = { GITHUB_APP_ID: true, GITHUB_PRIVATE_KEY: true, GITHUB_API_URL: true } as const;
  const read = parse(BotVariables.pick(names), environment);
  return {
    appId: Number(read.GITHUB_APP_ID),
    privateKey: read.GITHUB_PRIVATE_KEY,
    githubApiUrl: withoutSlash(read.GITHUB_API_URL),
  };
}

/** The model upstream alone. Error `env-invalid`. */
export function readUpstreamEnv(
  environment: Environment = process.env,
): Pick<GatewayEnv, 'anthropicApiKey' | 'anthropicBaseUrl' | 'replayTask'> {
  const names = { ANTHROPIC_API_KEY: true, ANTHROPIC_BASE_URL: true, GLOVEBOX_REPLAY: true } as const;
  const read = parse(GatewayVariables.pick(names), environment);
  return {
    anthropicApiKey: read.ANTHROPIC_API_KEY ?? null,
    anthropicBaseUrl: withoutSlash(read.ANTHROPIC_BASE_URL),
    replayTask: read.GLOVEBOX_REPLAY ?? null,
  };
}

/** Where this process is, and all that it was started with: `inPod` is what Kubernetes tells every container. Error `env-invalid`. */
export function readPlaceEnv(environment: Environment = process.env): Pick<
  CommonEnv,
  'sandbox' | 'configPath'
> & {
  readonly inPod: boolean;
  readonly environment: Environment;
} {
  const read = parse(CommonVariables.pick({ GLOVEBOX_SANDBOX: true, GLOVEBOX_CONFIG: true }), environment);
  return {
    sandbox: read.GLOVEBOX_SANDBOX,
    configPath: read.GLOVEBOX_CONFIG,
    inPod: Boolean(environment['KUBERNETES_SERVICE_HOST']),
    environment,
  };
}

/** The operator's own PATH, for tools of templates without isolation; empty where there is none. */
export function readToolPath(environment: Environment = process.env): string {
  return environment['PATH'] ?? '';
}

/** The environment for a process of ours that must not see the named variables. */
export function environmentWithout(names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));
}

function common(read: z.infer<typeof CommonVariables>): CommonEnv {
  return {
    databaseUrl: read.DATABASE_URL ?? null,
    home: read.GLOVEBOX_HOME,
    configPath: read.GLOVEBOX_CONFIG,
    logLevel: read.GLOVEBOX_LOG_LEVEL,
    storeKey: Buffer.from(read.GLOVEBOX_STORE_KEY, 'hex'),
    sandbox: read.GLOVEBOX_SANDBOX,
    gatewaySocketDir: read.GLOVEBOX_GATEWAY_SOCKET_DIR ?? `${read.GLOVEBOX_HOME}/gateway`,
  };
}

/** An empty variable counts as missing: compose files and CI set those by accident. */
function parse<Schema extends z.ZodObject>(schema: Schema, environment: Environment): z.infer<Schema> {
  const given = Object.keys(schema.shape).map((name) => [name, environment[name] || undefined] as const);
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const names = [...new Set(result.error.issues.map((issue) => String(issue.path[0])))];
  throw new GloveboxError({
    code: 'env-invalid',
    message: names.map((name) => complaint(name, schema.shape[name], environment)).join('\n'),
  });
}

function complaint(name: string, field: unknown, environment: Environment): string {
  const meta = field instanceof z.ZodType ? (field.meta() ?? {}) : {};
  const value = environment[name];
  const what = value ? `Invalid ${name}${meta['secret'] === true ? '' : ` '${value}'`}` : `Missing ${name}`;
  const expected = meta['expected'] ?? meta.description;
  return `${what} in the environment: expected ${String(expected)}. Set it, then start again.`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
