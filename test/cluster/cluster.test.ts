/** What the other suites of this folder stand on: namespaces that come and go, the lock on the real names, the audit log. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  auditLog,
  clusterHere,
  holdRealNames,
  inNamespace,
  kubectl,
  tryKubectl,
} from '../fixtures/cluster.ts';

describe.runIf(clusterHere)('the test cluster', () => {
  it('makes a namespace with its labels and removes it, and the audit log has both requests', async () => {
    const namespace = await inNamespace('wt-fixture', { 'example.com/kind': 'fixture' });
    const labels = await kubectl(['get', 'namespace', namespace.name, '-o', 'jsonpath={.metadata.labels}']);
    await namespace.close();

    expect(JSON.parse(labels)).toMatchObject({ 'example.com/kind': 'fixture' });
    expect((await tryKubectl(['get', 'namespace', namespace.name])).stderr).toContain('NotFound');
    const lines = (await readFile(auditLog, 'utf8'))
      .split('\n')
      .filter((line) => line.includes(namespace.name));
    expect(lines.some((line) => line.includes('"verb":"create"'))).toBe(true);
    expect(lines.some((line) => line.includes('"verb":"delete"'))).toBe(true);
  });

  it('gives the real names to one holder at a time', async () => {
    const order: string[] = [];
    const release = await holdRealNames();
    const second = holdRealNames().then((releaseSecond) => {
      order.push('second holds');
      return releaseSecond();
    });
    order.push('first gives back');
    await release();
    await second;

    expect(order).toEqual(['first gives back', 'second holds']);
  });
});
