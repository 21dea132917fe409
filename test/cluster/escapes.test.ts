/**
 * One table of ways out, tried from every container of real pods of our shape that runs code of others: setup, work,
 * verify on the base and on the change. The same file, in a pod without these controls, gets everything.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BaseResults, type CellResult, NewResults } from '../../src/result/contract/cell.ts';
import { clusterHere, kubectl } from '../fixtures/cluster.ts';
import { type ClusterRound, openRound, readResults } from '../fixtures/cluster-round.ts';
import {
  API_SERVERS,
  apply,
  type ClusterWorld,
  NAME_SERVERS,
  openClusterWorld,
} from '../fixtures/cluster-world.ts';
import { type OutsideHost, startOutsideHost } from '../fixtures/outside-host.ts';
import { mainContainer, runPlainPod } from '../fixtures/plain-pod.ts';
import { checkSpec } from '../fixtures/runner-sandbox.ts';

const Outcomes = z.record(z.string(), z.string());
type Outcomes = z.infer<typeof Outcomes>;

const ATTEMPTS = readFileSync(join(import.meta.dirname, '../fixtures/escape/attempts.mjs'), 'utf8');
const READ_ONLY = ['/prepared/written', '/sealed/written'];
const MINUTES = 60_000;

describe.runIf(clusterHere)('ways out of a real pod', () => {
  let world: ClusterWorld;
  let outside: OutsideHost;
  let victim: string;
  let round: ClusterRound;
  const marks = new Map<string, string>();
  const outcomes = new Map<string, Outcomes>();

  /** The command of one attempt from one place, with a mark of its own for names that carry data. */
  function attempt(from: string, readOnly: readonly string[]): string {
    const mark = randomBytes(8).toString('hex');
    marks.set(from, mark);
    return `node attempts.mjs '${JSON.stringify(targets(mark, readOnly))}'`;
  }

  function targets(mark: string, readOnly: readonly string[]) {
    return {
      apiServer: API_SERVERS[0],
      apiService: API_SERVERS[1],
      metadata: outside.metadata,
      pod: victim,
      outside: outside.outside,
      outsideName: 'outside.test',
      outsideDatagram: outside.datagram,
      outsideNameServer: outside.nameServer,
      nameServer: NAME_SERVERS[0],
      mark,
      readOnly,
    };
  }

  beforeAll(async () => {
    [world, outside] = await Promise.all([openClusterWorld(), startOutsideHost()]);
    victim = await startVictim(world);
    const own = ['/source/written', '/run/glovebox/written'];
    const inSetup = `${attempt('setup', own)} > "$HOME/setup.json"`;
    round = await openRound(world, {
      files: { 'attempts.mjs': ATTEMPTS },
      setup: [inSetup],
      checks: [checkSpec({ name: 'attempts', run: attempt('verify', [...own, ...READ_ONLY]) })],
      agent: ['cat "$HOME/setup.json"', attempt('work', own), 'echo changed > change.txt'],
      canaries: [...API_SERVERS, outside.metadata, victim, outside.outside],
    });
    await round.run('work');
    await round.run('verify');
    const { base, next } = await readResults(world.db, round.verify);
    outcomes.set('setup', parse(round.agent.answers[0]));
    outcomes.set('work', parse(round.agent.answers[1]));
    outcomes.set('verify on the base', parse(output(BaseResults.parse(base).cells)));
    outcomes.set('verify on the change', parse(output(NewResults.parse(next).cells)));
    outcomes.set('a plain pod', await fromPlainPod(world, attempt('plain', READ_ONLY)));
  }, 5 * MINUTES);
  afterAll(async () => {
    await outside?.close();
    await world?.close();
  }, 3 * MINUTES);

  it.each(['setup', 'work', 'verify on the base', 'verify on the change'])(
    'all are closed from %s',
    (from) => {
      const found = outcomes.get(from) ?? {};
      expect(Object.keys(found).length).toBeGreaterThan(20);
      expect(Object.entries(found).filter(([, outcome]) => !outcome.startsWith('denied: '))).toEqual([]);
    },
  );

  it('counter-test: all are open in a pod without the controls', () => {
    const found = outcomes.get('a plain pod') ?? {};
    expect(Object.keys(found).sort()).toEqual(Object.keys(outcomes.get('verify on the base') ?? {}).sort());
    expect(Object.entries(found).filter(([, outcome]) => outcome !== 'got')).toEqual([]);
  });

  it('no name of theirs, with data in it, came out; the one of the plain pod did', () => {
    const heard = [...marks].filter(([, mark]) => outside.asked.some((name) => name.includes(mark)));
    expect(heard.map(([from]) => from)).toEqual(['plain']);
  });
});

function output(cells: readonly CellResult[]): string | undefined {
  return cells[0]?.output.head;
}

function parse(text: string | undefined): Outcomes {
  return Outcomes.parse(JSON.parse(text?.split('\n').find((line) => line.startsWith('{')) ?? '{}'));
}

/** A pod of another namespace that answers. */
async function startVictim({ plain, images }: ClusterWorld): Promise<string> {
  const program =
    "require('node:net').createServer((s) => s.on('error', () => {}).end('hello')).listen(8081)";
  const container = {
    name: 'main',
    image: images.template,
    imagePullPolicy: 'Never',
    command: ['node', '-e', program],
  };
  const spec = { terminationGracePeriodSeconds: 0, containers: [container] };
  await apply(plain, [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'victim' }, spec }]);
  await kubectl(['wait', 'pod/victim', '-n', plain, '--for=condition=Ready', '--timeout=50s']);
  const ip = await kubectl(['get', 'pod', 'victim', '-n', plain, '-o', 'jsonpath={.status.podIP}']);
  return `${ip.trim()}:8081`;
}

/** Root in a writable container with a neighbour, in a namespace without policies, with what Kubernetes gives every pod. */
async function fromPlainPod({ plain, images }: ClusterWorld, command: string): Promise<Outcomes> {
  const folders = ['/opt/glovebox', '/source', '/run/glovebox', '/prepared', '/sealed'];
  const main = mainContainer(
    images.template,
    `cd /tmp && printf %s "$ATTEMPTS" > attempts.mjs && ${command}`,
    {
      env: [{ name: 'ATTEMPTS', value: ATTEMPTS }],
      volumeMounts: folders.map((mountPath, index) => ({ name: 'open', mountPath, subPath: String(index) })),
    },
  );
  const neighbour = { ...mainContainer(images.template, 'sleep 30 # neighbour'), name: 'neighbour' };
  const { log } = await runPlainPod(plain, {
    automountServiceAccountToken: true,
    shareProcessNamespace: true,
    securityContext: { seccompProfile: { type: 'Unconfined' } },
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['outside.test'] }],
    containers: [neighbour, main],
    volumes: [{ name: 'open', emptyDir: {} }],
  });
  return parse(log);
}
