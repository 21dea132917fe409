/** Base and overlays: each renders, passes a server-side dry run on the real API server, and says what its name promises. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readTextFile, validateCommand } from '../../src/config/validate.ts';
import { clusterHere, kubectl, removeNamespace, tryKubectl } from '../fixtures/cluster.ts';
import { renderFolder } from '../fixtures/installed-glovebox.ts';
import { renamed } from '../fixtures/renamed-manifests.ts';
import { ROOT } from '../fixtures/run-process.ts';

const FOLDERS = ['base', 'overlays/dev', 'overlays/gvisor', 'overlays/air-gapped'];
const CONFIGURED = ['base/control', 'overlays/gvisor', 'overlays/air-gapped'];

const Named = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const Variables = z.object({
  spec: z.object({ variables: z.array(z.object({ name: z.string(), expression: z.string() })).default([]) }),
});
const list = (items: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const ofKind = (objects: readonly object[], kind: string) =>
  objects.map((object) => Named.parse(object)).filter((object) => object.kind === kind);
const dataOf = (objects: readonly object[], name: string) =>
  z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith(name))).data;

describe.runIf(clusterHere)('the manifests', () => {
  const made: string[] = [];
  afterEach(async () => {
    for (const name of made.splice(0)) await removeNamespace(name);
  });

  it.each(FOLDERS)(
    '%s passes a server-side dry run, and Pod Security has nothing against its pods',
    async (folder) => {
      const name = `wt-${randomBytes(4).toString('hex')}`;
      const objects = renamed(await renderFolder(folder), name);
      const namespaces = ofKind(objects, 'Namespace');
      made.push(...namespaces.map(({ metadata }) => metadata.name));
      await kubectl(['create', '-f', '-'], { input: list(namespaces) });
      const dry = await tryKubectl(['apply', '--dry-run=server', '-f', '-'], { input: list(objects) });

      expect(dry.stderr.split('\n').filter((line) => !line.includes('last-applied-configuration'))).toEqual([
        '',
      ]);
      expect(dry.code).toBe(0);
      expect(dry.stdout.trim().split('\n')).toHaveLength(objects.length);
    },
  );

  it('a Deployment that Pod Security would refuse is seen by that dry run (counter-test)', async () => {
    const name = `wt-${randomBytes(4).toString('hex')}`;
    made.push(name, `${name}-sandbox`);
    const objects = renamed(await renderFolder('base'), name);
    await kubectl(['create', '-f', '-'], { input: list(ofKind(objects, 'Namespace')) });
    const text = JSON.stringify(ofKind(objects, 'Deployment')).replaceAll(
      '"runAsNonRoot":true',
      '"runAsNonRoot":false',
    );
    const dry = await tryKubectl(['apply', '--dry-run=server', '-f', '-'], { input: list(JSON.parse(text)) });

    expect(dry.stderr).toContain('would violate PodSecurity "restricted:latest"');
  });

  it.each(CONFIGURED)('the admin file of %s is valid', async (folder) => {
    const said: string[] = [];
    const io = { out: (text: string) => said.push(text), error: (text: string) => said.push(text) };
    const admin = join(ROOT, 'k8s', folder, 'glovebox.config.yml');
    const code = await validateCommand({ path: admin, admin: undefined }, { ...io, read: readTextFile });

    expect({ code, said }).toMatchObject({ code: 0 });
  });

  it.each(FOLDERS)('the policies of %s hold what its ConfigMap says', async (folder) => {
    const objects = await renderFolder(folder);
    const policies = ofKind(objects, 'ValidatingAdmissionPolicy').map((policy) => Variables.parse(policy));
    const variables = policies.flatMap(({ spec }) => spec.variables);
    const data = dataOf(objects, 'sandbox-policy');

    expect(Object.keys(data)).toHaveLength(7);
    for (const [key, value] of Object.entries(data)) {
      expect(variables.find(({ name }) => name === key)?.expression).toContain(`'''${value}'''`);
    }
  });

  it.each(['base', 'overlays/gvisor', 'overlays/air-gapped'])('%s holds no Secret', async (folder) => {
    expect(ofKind(await renderFolder(folder), 'Secret')).toEqual([]);
  });

  it('gvisor lets no sandbox run outside its runtime class', async () => {
    const objects = await renderFolder('overlays/gvisor');

    expect(dataOf(objects, 'sandbox-policy')).toMatchObject({ runtimeClasses: 'gvisor' });
    expect(dataOf(objects, 'glovebox-config')['glovebox.config.yml']).toContain('runtimeClass: gvisor');
  });

  it('air-gapped names no host but those of its settings', async () => {
    const hosts = (text: string) =>
      text.match(/\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(io|com|org|example)\b|\b\d+\.\d+\.\d+\.\d+(?=[/:])/g) ?? [];
    const ours = /^(?:[a-z0-9-]+\.)*(?:kubernetes\.io|k8s\.io|glovebox\.dev)$|^0\.0\.0\.0$/;
    const foreign = (objects: readonly object[]) => {
      const found = new Set(hosts(JSON.stringify(objects)).filter((host) => !ours.test(host)));
      return [...found].filter((host) => !/\.internal\.example$|^192\.0\.2\./.test(host));
    };

    expect(foreign(await renderFolder('overlays/air-gapped'))).toEqual([]);
    expect(foreign(await renderFolder('base'))).toEqual(
      expect.arrayContaining(['docker.io', 'api.github.com', 'api.anthropic.com']),
    );
  });
});
