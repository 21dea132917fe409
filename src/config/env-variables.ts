/**
 * The environment's variables as schemas: what each process reads, with what the documentation says of it. `env.ts` reads
 * them; `docs/configuration.md` is generated from them.
 */
import { z } from 'zod';

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

const HostPort = z
  .string()
  .regex(/^([A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:]{2,39}\]):\d{1,5}$/)
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535);

/** `a,b, c` to a list; each item must fit. */
const list = <Item extends z.ZodType<string, string>>(item: Item) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).max(10));

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
  GLOVEBOX_AUDIT_SINK: variable(z.string().min(1).max(1_000).optional(), {
    description:
      "where the last audit head of each ended task goes, outside the store: a file's path, or `-` for standard output, whose collector keeps it; left out, `audit.jsonl` in the data folder",
    expected: "a path, or '-'",
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

/** Further variables of a bot whose sandboxes are Jobs of a cluster. */
export const ClusterVariables = z.object({
  GLOVEBOX_RUNNER_IMAGE: variable(z.string().regex(/^\S{1,500}$/), {
    description: 'with `GLOVEBOX_SANDBOX=kubernetes`, required: the image with Node, git and the runner',
    expected: 'an image reference, such as ghcr.io/octo-org/glovebox-runner:1.0.0',
  }),
  GLOVEBOX_GATEWAY_SERVICE: variable(HostPort.default('gateway.glovebox.svc.cluster.local:8080'), {
    description: "the gateway's Service; looked up at each sandbox's creation",
    expected: 'host:port',
  }),
  GLOVEBOX_CANARIES: variable(list(HostPort).default([]), {
    description:
      'addresses outside that must not answer from inside a sandbox, besides the API server and the metadata service',
    expected: 'host:port addresses, separated by commas',
  }),
  GLOVEBOX_NAME_SERVERS: variable(list(z.union([z.ipv4(), z.ipv6()])).optional(), {
    description:
      "name servers that must not answer from inside a sandbox; left out, the bot's own and the node-local 169.254.20.10",
    expected: 'addresses, separated by commas',
  }),
  GLOVEBOX_APPARMOR: variable(z.enum(['on', 'off']).default('off'), {
    description: "`on` where the nodes have AppArmor: sandboxes then run under the runtime's default profile",
    expected: "'on' or 'off'",
  }),
});

/** Variables of the gateway: the model's key, and where git lies. */
export const GatewayVariables = CommonVariables.extend({
  ANTHROPIC_API_KEY: secret(z.string().min(1).optional(), {
    description: 'key of the model upstream, needed for api.anthropic.com; sandboxes never see it',
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
  GLOVEBOX_ALLOW_PLAIN_GIT: variable(z.enum(['yes', 'no']).default('no'), {
    description:
      '`yes` lets git go over http:// to a host that is not this machine, where whoever is on the way reads the tokens; only against an emulator',
    expected: "'yes' or 'no'",
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
