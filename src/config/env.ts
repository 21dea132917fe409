/**
 * The one reader of the environment: each process gets a typed record of the variables that are its business. The bot
 * never learns the model key, the gateway never the App's key. Values of secrets never stand in a message.
 */
import { z } from 'zod';
import { GloveboxError } from '../shared/errors.ts';

/** What a variable's documentation holds besides its schema: who reads it, and whether its value may be shown. */
const variable = <Schema extends z.ZodType>(
  schema: Schema,
  about: { description: string; expected?: string },
) => schema.meta({ ...about, secret: false });
const secret = <Schema extends z.ZodType>(
  schema: Schema,
  about: { description: string; expected?: string },
) => schema.meta({ ...about, secret: true });

const HttpUrl = z.url({ protocol: /^https?$/ });
const Port = z
  .string()
  .regex(/^\d{1,5}$/)
  .refine((text) => Number(text) <= 65_535);

/** Variables that both processes read. */
export const CommonVariables = z.object({
  DATABASE_URL: secret(z.url({ protocol: /^postgres(ql)?$/ }).optional(), {
    description: 'PostgreSQL; left out, an embedded store in the data folder, for one process only',
    expected: 'a postgres:// URL',
  }),
  GLOVEBOX_HOME: variable(z.string().min(1).default('.glovebox'), { description: 'data folder' }),
  GLOVEBOX_CONFIG: variable(z.string().min(1).default('glovebox.config.yml'), {
    description: 'path of the admin file',
  }),
  GLOVEBOX_LOG_LEVEL: variable(
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    { description: 'least level that is logged' },
  ),
  GLOVEBOX_STORE_KEY: secret(z.string().regex(/^[0-9a-fA-F]{64}$/), {
    description: 'encrypts the few secrets that rest in the store; the same for bot and gateway',
    expected: '64 hex digits; make them with: openssl rand -hex 32',
  }),
  GLOVEBOX_SANDBOX: variable(z.enum(['process', 'kubernetes']).default('process'), {
    description: 'where sandboxes run: as processes of this machine, or as Jobs of the cluster',
    expected: "'process' or 'kubernetes'",
  }),
  GLOVEBOX_GATEWAY_SOCKET_DIR: variable(z.string().min(1).max(90).optional(), {
    description:
      'folder of the socket that sandboxes see on one machine; left out, `gateway` in the data folder',
    expected: 'a folder path of at most 90 characters, so that the socket path fits',
  }),
});

/** Variables of the bot: webhooks, controller, publisher. */
export const BotVariables = CommonVariables.extend({
  GITHUB_APP_ID: variable(z.string().regex(/^[1-9]\d{0,15}$/), {
    description: "the GitHub App's id",
    expected: 'the number on the settings page of the App',
  }),
  GITHUB_PRIVATE_KEY: secret(
    z
      .string()
      .transform((text) => text.replaceAll('\\n', '\n'))
      .refine((text) =>
        /^-----BEGIN (RSA )?PRIVATE KEY-----\n[\s\S]+-----END (RSA )?PRIVATE KEY-----\s*$/.test(text),
      ),
    { description: "the App's private key; `\\n` stands for a line break", expected: 'a PEM private key' },
  ),
  GITHUB_WEBHOOK_SECRET: secret(z.string().min(16).max(1_000), {
    description: 'signs webhooks; there is no default',
    expected: 'the webhook secret of the App, at least 16 characters; make one with: openssl rand -hex 32',
  }),
  GITHUB_API_URL: variable(HttpUrl.default('https://api.github.com'), {
    description: 'REST API, for GitHub Enterprise Server `https://HOST/api/v3`',
    expected: 'an http(s) URL',
  }),
  GLOVEBOX_GITHUB_THROTTLE: variable(z.enum(['on', 'off']).default('on'), {
    description: 'spaces writes as GitHub asks for; `off` only against an emulator',
    expected: "'on' or 'off'",
  }),
  GLOVEBOX_BOT_HOST: variable(z.string().min(1).default('127.0.0.1'), {
    description: 'address that the bot listens on',
  }),
  GLOVEBOX_BOT_PORT: variable(Port.default('3000'), {
    description: 'port of the webhook, 0 for any',
    expected: 'a port',
  }),
});

/** Variables of the gateway: the model's key, and where git lies. */
export const GatewayVariables = CommonVariables.extend({
  ANTHROPIC_API_KEY: secret(z.string().min(1).optional(), {
    description: 'key of the model upstream; sandboxes never see it',
  }),
  ANTHROPIC_BASE_URL: variable(HttpUrl.default('https://api.anthropic.com'), {
    description: 'the model upstream, any with the same protocol',
    expected: 'an http(s) URL',
  }),
  GLOVEBOX_REPLAY: variable(
    z
      .string()
      .regex(/^[2-9a-hjkmnp-z]{6}$/)
      .optional(),
    {
      description: "a task's id: its recorded answers are served in their order, instead of a model",
      expected: 'the id of a task in the store, 6 characters',
    },
  ),
  GITHUB_GIT_URL: variable(HttpUrl.default('https://github.com'), {
    description: 'git over HTTP, `OWNER/REPO.git` is appended',
    expected: 'an http(s) URL',
  }),
  GLOVEBOX_ALLOW_UNFENCED: variable(z.enum(['yes', 'no']).default('no'), {
    description:
      "`yes` lets templates with `isolation: none` reach a model that is not on this machine; the repository's code could then read this process's keys",
    expected: "'yes' or 'no'",
  }),
  GLOVEBOX_GATEWAY_HOST: variable(z.string().min(1).optional(), {
    description:
      'address that the gateway listens on; left out, `127.0.0.1` besides its socket, or `0.0.0.0` on Kubernetes',
  }),
  GLOVEBOX_GATEWAY_PORT: variable(Port.optional(), {
    description: "the gateway's port, 0 for any; left out, any, or 8080 on Kubernetes",
    expected: 'a port',
  }),
});

type CommonVariables = z.infer<typeof CommonVariables>;

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
  readonly host: string;
  readonly port: number;
}

/** The gateway's environment. */
export interface GatewayEnv extends CommonEnv {
  readonly anthropicApiKey: string | null;
  readonly anthropicBaseUrl: string;
  /** Whose recorded answers stand in for a model; null: none. */
  readonly replayTask: string | null;
  readonly githubGitUrl: string;
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
    host: read.GLOVEBOX_BOT_HOST,
    port: Number(read.GLOVEBOX_BOT_PORT),
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

/** The operator's own PATH, for tools of templates without isolation; empty where there is none. */
export function readToolPath(environment: Environment = process.env): string {
  return environment['PATH'] ?? '';
}

/** The environment for a process of ours that must not see the named variables. */
export function environmentWithout(names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));
}

function common(read: CommonVariables): CommonEnv {
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
