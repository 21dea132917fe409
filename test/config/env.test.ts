/** The environment's door: every missing or wrong variable is named, no secret is shown, no plane learns the other's key. */
import { describe, expect, it } from 'vitest';
import { readBotEnv, readClusterEnv, readGatewayEnv } from '../../src/config/env.ts';

const KEY = '-----BEGIN RSA PRIVATE KEY-----\\nabc\\n-----END RSA PRIVATE KEY-----';
const BOT = {
  GLOVEBOX_STORE_KEY: 'ab'.repeat(32),
  GITHUB_APP_ID: '12345',
  GITHUB_PRIVATE_KEY: KEY,
  GITHUB_WEBHOOK_SECRET: 'long enough a secret',
};

describe('the bot’s environment', () => {
  it('is read with defaults', () => {
    expect(readBotEnv(BOT)).toMatchObject({
      databaseUrl: null,
      home: '.glovebox',
      configPath: 'glovebox.config.yml',
      logLevel: 'info',
      appId: 12_345,
      githubApiUrl: 'https://api.github.com',
      host: '127.0.0.1',
      port: 3_000,
      gatewaySocketDir: '.glovebox/gateway',
    });
    expect(readBotEnv(BOT).privateKey.split('\n')).toHaveLength(3);
    expect(readBotEnv(BOT).storeKey).toHaveLength(32);
  });

  it.each(Object.keys(BOT))('stops without %s, and an empty one is none: there are no defaults', (name) => {
    for (const value of [undefined, '']) {
      expect(() => readBotEnv({ ...BOT, [name]: value })).toThrow(
        new RegExp(`^Missing ${name} in the environment: expected`),
      );
    }
  });

  it('names every problem at once and shows no secret', () => {
    const wrong = {
      GITHUB_WEBHOOK_SECRET: 'hunter2',
      GITHUB_PRIVATE_KEY: 'my-key',
      GLOVEBOX_STORE_KEY: 'zz',
      GLOVEBOX_BOT_PORT: '70000',
      DATABASE_URL: 'mysql://octocat:hunter2@db',
    };
    const message = messageOf(() => readBotEnv(wrong));
    expect(message.split('\n')).toHaveLength(6);
    expect(message).toMatch(/Invalid GLOVEBOX_BOT_PORT '70000'/);
    expect(message).not.toMatch(/hunter2|my-key|'zz'/);
  });
});

describe('the gateway’s environment', () => {
  it('holds the model key and nothing of the App', () => {
    const env = readGatewayEnv({
      ...BOT,
      ANTHROPIC_API_KEY: 'model-key',
      GITHUB_GIT_URL: 'https://git.example/',
    });
    expect(env).toMatchObject({ anthropicApiKey: 'model-key', githubGitUrl: 'https://git.example' });
    expect(JSON.stringify(env)).not.toMatch(/PRIVATE KEY|long enough/);
    expect(JSON.stringify(readBotEnv({ ...BOT, ANTHROPIC_API_KEY: 'model-key' }))).not.toMatch(/model-key/);
  });

  it.each([
    ['on one machine, a free port of the loopback', {}, { host: '127.0.0.1', port: 0 }],
    [
      'on Kubernetes, port 8080 of every address',
      { GLOVEBOX_SANDBOX: 'kubernetes' },
      { host: '0.0.0.0', port: 8_080 },
    ],
    [
      'where it is told',
      { GLOVEBOX_SANDBOX: 'kubernetes', GLOVEBOX_GATEWAY_HOST: '::', GLOVEBOX_GATEWAY_PORT: '9000' },
      { host: '::', port: 9_000 },
    ],
  ])('listens %s', (_, given, expected) => {
    expect(readGatewayEnv({ ...BOT, ...given })).toMatchObject(expected);
  });
});

describe('a cluster’s part of the bot’s environment', () => {
  const CLUSTER = { GLOVEBOX_RUNNER_IMAGE: 'glovebox/runner:1' };

  it('is read with defaults', () => {
    expect(readClusterEnv(CLUSTER)).toEqual({
      runnerImage: 'glovebox/runner:1',
      gateway: { host: 'gateway.glovebox.svc.cluster.local', port: 8_080 },
      canaries: [],
      nameServers: null,
      appArmor: false,
    });
  });

  it('takes addresses in lists, of both families', () => {
    const env = readClusterEnv({
      ...CLUSTER,
      GLOVEBOX_GATEWAY_SERVICE: '[fd00::7]:8443',
      GLOVEBOX_CANARIES: '198.51.100.10:80, [fd00::1]:443,db.internal:5432',
      GLOVEBOX_NAME_SERVERS: '198.19.0.10,fd00::a',
      GLOVEBOX_APPARMOR: 'on',
    });
    expect(env).toMatchObject({
      gateway: { host: 'fd00::7', port: 8_443 },
      canaries: ['198.51.100.10:80', '[fd00::1]:443', 'db.internal:5432'],
      nameServers: ['198.19.0.10', 'fd00::a'],
      appArmor: true,
    });
  });

  it.each([
    ['GLOVEBOX_RUNNER_IMAGE', 'two words'],
    ['GLOVEBOX_GATEWAY_SERVICE', 'gateway'],
    ['GLOVEBOX_GATEWAY_SERVICE', 'gateway:99999'],
    ['GLOVEBOX_CANARIES', '198.51.100.10'],
    ['GLOVEBOX_CANARIES', '198.51.100.10:80,,'],
    ['GLOVEBOX_NAME_SERVERS', 'dns.example'],
    ['GLOVEBOX_APPARMOR', 'yes'],
  ])('refuses %s %s', (name, value) => {
    expect(() => readClusterEnv({ ...CLUSTER, [name]: value })).toThrow(new RegExp(`^Invalid ${name} '`));
  });

  it('needs the runner’s image', () => {
    expect(() => readClusterEnv({})).toThrow(/^Missing GLOVEBOX_RUNNER_IMAGE in the environment/);
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
