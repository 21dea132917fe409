/** Which answers of an API server are waited out; kubectl is played by a script that fails as often as it is told. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Kubectl, openKubectl } from '../../../demo/cluster/kubectl.ts';

/** Fails as often with `said`, then prints what came in. */
function kubectlThatFails(times: number, said: string): { kubectl: Kubectl; calls: () => number } {
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  writeFileSync(join(folder, 'said'), said);
  writeFileSync(
    join(folder, 'kubectl'),
    `#!/bin/sh
[ "$1" = config ] && { echo played; exit 0; }
echo call >>'${calls}'
[ "$(wc -l <'${calls}')" -gt ${times} ] && exec cat
cat '${folder}/said' >&2
exit 1
`,
  );
  chmodSync(join(folder, 'kubectl'), 0o755);
  return {
    kubectl: openKubectl(join(folder, 'kubectl')),
    calls: () => readFileSync(calls, 'utf8').split('\n').length - 1,
  };
}

it.each([
  'The connection to the server 198.18.0.1:16443 was refused: connection refused',
  'Unable to connect to the server: net/http: TLS handshake timeout',
  'Error from server: etcdserver: request timed out',
  'pods "demo" is forbidden: error looking up service account glovebox/demo: serviceaccount "demo" not found',
])('asks again after: %s', async (said) => {
  const { kubectl, calls } = kubectlThatFails(2, said);
  expect(await kubectl.run(['apply', '-f', '-'], { input: 'a manifest' })).toBe('a manifest');
  expect(calls()).toBe(3);
});

it.each([
  'Error from server (NotFound): pods "demo" not found',
  'Error from server (Forbidden): pods "demo" is forbidden: violates PodSecurity "restricted:latest"',
])('takes for final: %s', async (said) => {
  const { kubectl, calls } = kubectlThatFails(1, said);
  await expect(kubectl.run(['get', 'pod', 'demo'])).rejects.toMatchObject({
    code: 'kubectl-failed',
    message: `\`kubectl get pod demo\` ended with 1: ${said}`,
  });
  expect(calls()).toBe(1);
});
