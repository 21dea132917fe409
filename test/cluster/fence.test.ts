/**
 * fetch proves the fence from the inside of a real pod before anything of the repository runs: with the policies that are
 * shipped it passes (every other suite of pods is the counter-test), with any hole it names what answered.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RUNNER_EXIT } from '../../src/result/contract/layout.ts';
import { clusterHere, kubectl } from '../fixtures/cluster.ts';
import { type ClusterRound, endOf, openRound, readReport } from '../fixtures/cluster-round.ts';
import {
  API_SERVERS,
  apply,
  type ClusterWorld,
  NAME_SERVERS,
  openClusterWorld,
} from '../fixtures/cluster-world.ts';
import { type OutsideHost, startOutsideHost } from '../fixtures/outside-host.ts';

const Failure = z.looseObject({ message: z.string() });
const MINUTES = 60_000;
const SERVERS = 'jsonpath={.items[0].endpoints[0].addresses[0]}';

describe.runIf(clusterHere)('INC-24: the fence of a real pod', { timeout: 3 * MINUTES }, () => {
  let world: ClusterWorld;
  let outside: OutsideHost;
  beforeAll(async () => {
    [world, outside] = await Promise.all([openClusterWorld(), startOutsideHost()]);
  }, 3 * MINUTES);
  afterAll(async () => {
    await outside?.close();
    await world?.close();
  }, 3 * MINUTES);

  const roundIn = (namespace: string) =>
    openRound(world, {
      namespace,
      setup: ['true'],
      agent: ['true'],
      canaries: [...API_SERVERS, outside.metadata, outside.outside],
    });

  /** A fenced namespace with one hole, to where a packet ends up: policies match after a Service's address is translated. */
  async function withHole(to: string, port: number, protocol: 'TCP' | 'UDP'): Promise<string> {
    const namespace = await world.openNamespace();
    await world.fence(namespace);
    const egress = [{ to: [{ ipBlock: { cidr: `${to}/32` } }], ports: [{ port, protocol }] }];
    const spec = { podSelector: {}, policyTypes: ['Egress'], egress };
    await apply(namespace, [
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'hole' }, spec },
    ]);
    return namespace;
  }

  async function expectRefusal(round: ClusterRound, ...addresses: string[]): Promise<void> {
    await round.launch('work');
    const pod = await round.ended('work');
    expect([endOf(pod, 'fetch')?.exitCode, endOf(pod, 'setup')]).toEqual([RUNNER_EXIT.refused, null]);
    const { failure } = await readReport(world.db, round.work);
    expect(failure).toMatchObject({ code: 'fence-not-in-force' });
    expect(addresses).toContain(Failure.parse(failure).message);
    expect(round.agent.answers).toEqual([]);
  }

  it('that does not exist: refused, and what answered is named', async () => {
    const namespace = await world.openNamespace();
    const open = [...API_SERVERS, outside.metadata, outside.outside, `${NAME_SERVERS[0]}:53 (name server)`];
    await expectRefusal(await roundIn(namespace), ...open);
  });

  it('with a hole for one outside host: refused, and that host is named', async () => {
    const [host = '', port] = outside.outside.split(':');
    await expectRefusal(await roundIn(await withHole(host, Number(port), 'TCP')), outside.outside);
  });

  it.each(['UDP', 'TCP'] as const)(
    'with a hole for names over %s: refused, and the server is named',
    async (protocol) => {
      const server = await kubectl(['get', 'endpointslices', '-n', 'kube-system', '-o', SERVERS]);
      const round = await roundIn(await withHole(server.trim(), 53, protocol));
      await expectRefusal(round, `${NAME_SERVERS[0]}:53 (name server)`);
    },
  );

  it('that comes late: is waited for, and nothing of the repository runs before it is there', async () => {
    const namespace = await world.openNamespace();
    const round = await roundIn(namespace);
    await round.launch('work');
    await round.until('work', (pod) => pod.status.initContainerStatuses[0]?.state.running !== undefined);
    const waiting = await round.pod('work');
    expect(endOf(waiting ?? raise(), 'fetch')).toBeNull();
    await world.fence(namespace);
    expect((await round.ended('work')).status.phase).toBe('Succeeded');
    expect(round.agent.answers).toHaveLength(1);
  });
});

function raise(): never {
  throw new Error('The pod is gone.');
}
