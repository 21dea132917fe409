/** What a phase looks for before it starts: credentials in its environment, its files and what it inherited. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  inEnvironment,
  inheritedDescriptors,
  lookForCredentials,
} from '../../../src/runner/preflight/look-for-credentials.ts';
import { systemRandom } from '../../../src/shared/ids.ts';
import { issueToken } from '../../../src/shared/token.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
  mkdirSync(box.path('root'));
});
afterEach(() => box.remove());

function look(
  fence: 'gateway-only' | 'none',
  change: { env?: Record<string, string>; toolEnv?: Record<string, string>; tokenFile?: string } = {},
) {
  const layout = { ...box.layout, fence, toolEnv: change.toolEnv ?? {}, tokenFile: change.tokenFile ?? null };
  return lookForCredentials({ layout, env: change.env ?? {}, root: box.path('root') });
}

describe('INC-05: the environment', () => {
  test.each([
    ['GITHUB_TOKEN', 'x'],
    ['GH_TOKEN', 'x'],
    ['ANTHROPIC_API_KEY', 'x'],
    ['AWS_SECRET_ACCESS_KEY', 'x'],
    ['NPM_TOKEN', 'x'],
    ['DB_PASSWORD', 'x'],
    ['SSH_AUTH_SOCK', '/tmp/agent'],
    ['KUBECONFIG', '/x'],
    ['DATABASE_URL', 'x'],
    ['HARMLESS', `ghs_${'a'.repeat(36)}`],
    ['HARMLESS', `sk-ant-${'a'.repeat(40)}`],
    ['HARMLESS', 'AKIAIOSFODNN7EXAMPLE'],
    ['HARMLESS', '-----BEGIN RSA PRIVATE KEY-----\nx'],
    ['HARMLESS', 'https://octocat:hunter2@example.com/x'],
    ['HARMLESS', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk'],
    ['HARMLESS', issueToken(systemRandom)],
  ])('%s=%s is found, by name alone', (name, value) => {
    expect(inEnvironment({ [name]: value }, '')).toEqual([`environment variable ${name}`]);
  });

  test.each([
    ['PATH', '/usr/bin'],
    ['HOME', '/home/agent'],
    ['MAX_TOKENS', '4096'],
    ['TOKENIZERS_PARALLELISM', 'false'],
    ['KEYBOARD', 'de'],
    ['GITHUB_TOKEN', ''],
    ['npm_config_registry', 'https://registry.example.com/'],
    ['GOFLAGS', '-modcacherw'],
    ['SSL_CERT_FILE', '/etc/ssl/cert.pem'],
    ['COMPATIBLE', 'x'],
  ])('%s=%s is not', (name, value) => {
    expect(inEnvironment({ [name]: value }, '')).toEqual([]);
  });

  test('what the layout gives to tools is looked at too', () => {
    expect(look('none', { toolEnv: { NPM_TOKEN: 'x' } })).toEqual([
      'environment variable NPM_TOKEN of the layout',
    ]);
  });

  test("other processes' environments count behind a fence", () => {
    writeFiles(box.path('root'), {
      'proc/1/environ': 'PATH=/bin\0GITHUB_TOKEN=x\0',
      'proc/2/environ': 'A=b\0',
    });
    expect(look('gateway-only')).toEqual(['environment variable GITHUB_TOKEN of process 1']);
    expect(look('none')).toEqual([]);
  });
});

describe('what a cluster tells every pod', () => {
  const env = {
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_PORT: '',
    DATABASE_SERVICE_HOST: '10.96.0.9',
  };

  test('is found behind a fence unless it is empty', () => {
    expect(look('gateway-only', { env })).toEqual([
      'environment variable KUBERNETES_SERVICE_HOST (of the cluster)',
      'environment variable DATABASE_SERVICE_HOST (of the cluster)',
    ]);
  });

  test('is not looked for where no fence is promised', () => {
    expect(look('none', { env })).toEqual([]);
  });
});

describe('files', () => {
  test.each([
    ['.netrc', 'machine x'],
    ['.git-credentials', 'https://a:b@c'],
    ['.aws/credentials', '[default]'],
    ['.ssh/id_ed25519', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['.npmrc', '//registry.example.com/:_authToken=x'],
    ['.docker/config.json', '{"auths":{"x":{"auth":"eA=="}}}'],
    ['.kube/config', 'apiVersion: v1'],
    ['.config/gh/hosts.yml', 'github.com:'],
    ['.gitconfig', '[http]\n\textraheader = AUTHORIZATION: basic x'],
    ['.cargo/credentials.toml', '[registry]'],
    ['.claude/.credentials.json', '{}'],
  ])('%s in HOME is found', (path, content) => {
    writeFiles(box.path('home'), { [path]: content });
    expect(look('none')).toEqual([`file ${box.path('home', path)}`]);
  });

  test.each([
    ['.npmrc', 'registry=https://registry.example.com/'],
    ['.ssh/known_hosts', 'example.com ssh-ed25519 AAAA'],
    ['.gitconfig', '[user]\n\tname = octocat'],
    ['.netrc', ''],
    ['.docker/config.json', '{}'],
  ])('%s without a credential is not', (path, content) => {
    writeFiles(box.path('home'), { [path]: content });
    expect(look('none')).toEqual([]);
  });

  test('service-account tokens, cloud files, sockets and mounts of the machine', () => {
    writeFiles(box.path('root'), {
      'var/run/secrets/kubernetes.io/serviceaccount/token': 'eyJ',
      'etc/shadow': 'root:$6$abc:1::::::\n',
      'run/docker.sock': '',
      'proc/self/mountinfo':
        '1 0 0:1 / /run/secrets/x rw - tmpfs tmpfs rw\n2 0 0:1 / /work rw - ext4 /dev/x rw\n',
    });
    expect(look('gateway-only')).toEqual([
      `file ${box.path('root/var/run/secrets/kubernetes.io/serviceaccount/token')}`,
      `file ${box.path('root/etc/shadow')}`,
      'socket /run/docker.sock',
      'mount /run/secrets/x',
    ]);
  });

  test('our own phase token is the one exception, through its links too', () => {
    writeFiles(box.path('root'), { 'var/run/secrets/glovebox/..data/token': 'gbx_' });
    symlinkSync('..data/token', box.path('root/var/run/secrets/glovebox/token'));
    const tokenFile = box.path('root/var/run/secrets/glovebox/token');
    expect(look('gateway-only', { tokenFile })).toEqual([]);
    writeFiles(box.path('root'), { 'var/run/secrets/glovebox/other': 'eyJ' });
    expect(look('gateway-only', { tokenFile })).toEqual([
      `file ${box.path('root/var/run/secrets/glovebox/other')}`,
    ]);
    expect(look('gateway-only')).toHaveLength(3);
  });

  test('a folder that goes round in circles ends the look, as a finding', () => {
    writeFiles(box.path('home'), { '.azure/a/b/c/d/e/f': 'x' });
    expect(look('none')).toEqual([expect.stringContaining('too deep')]);
  });
});

describe('inherited file descriptors', () => {
  function descriptors(targets: Record<string, string>): string[] {
    mkdirSync(box.path('fd'));
    for (const [fd, target] of Object.entries(targets)) symlinkSync(target, box.path('fd', fd));
    return inheritedDescriptors(box.path('fd'));
  }

  test('files, folders, sockets and half pipes are found; what Node opens is not', () => {
    const found = descriptors({
      0: 'pipe:[1]',
      1: 'socket:[2]',
      3: 'anon_inode:[eventpoll]',
      4: 'pipe:[7]',
      5: 'pipe:[7]',
      6: '/dev/null',
      7: '/proc/12/fd',
      8: 'socket:[9]',
      9: '/home/octocat/.ssh/id_ed25519',
      10: 'pipe:[11]',
    });
    expect(found.map((line) => line.match(/\d+/)?.[0]).sort()).toEqual(['10', '8', '9']);
  });
});

test('a file that cannot be read is no finding: the agent is the same user', () => {
  writeFileSync(box.path('home/.netrc'), '');
  expect(look('none')).toEqual([]);
});
