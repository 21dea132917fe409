/**
 * What the agent leaves for the checks, and what its code does while they run, in real pods: nothing of it is there before
 * the base results are out, none of it alters them, and results count for the sealed digest only.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BaseResults, type CellResult, NewResults } from '../../src/result/contract/cell.ts';
import { ChangeSet } from '../../src/result/contract/change-set.ts';
import { getBlob } from '../../src/task/store/get-blob.ts';
import { clusterHere } from '../fixtures/cluster.ts';
import { type ClusterRound, openRound, readResults } from '../fixtures/cluster-round.ts';
import { type ClusterWorld, openClusterWorld } from '../fixtures/cluster-world.ts';
import { checkSpec } from '../fixtures/runner-sandbox.ts';

const LEAVE = readFileSync(join(import.meta.dirname, '../fixtures/escape/leave.mjs'), 'utf8');
const FORGE = readFileSync(join(import.meta.dirname, '../fixtures/escape/forge.mjs'), 'utf8');
const MINUTES = 60_000;

const Left = z.object({
  server: z.boolean(),
  listening: z.int(),
  shared: z.array(z.string()),
  process: z.boolean(),
});

describe.runIf(clusterHere)('the agent and the checks', () => {
  let world: ClusterWorld;
  let round: ClusterRound;
  let base: CellResult[];
  let next: NewResults;

  beforeAll(async () => {
    world = await openClusterWorld();
    round = await openRound(world, {
      files: { 'leave.mjs': LEAVE, 'secret.txt': 'of the base\n', 'forge.mjs': 'process.stdout.write("{}")' },
      setup: ['touch /dev/shm/of-setup', 'setsid node leave.mjs serve >/dev/null 2>&1 & sleep 1'],
      checks: [
        checkSpec({ name: 'left', run: 'node leave.mjs look' }),
        checkSpec({ name: 'forge', run: 'node forge.mjs' }),
        checkSpec({ name: 'after', run: 'ls /results; cat secret.txt' }),
      ],
      agent: [
        'node leave.mjs look',
        'setsid node leave.mjs serve >/dev/null 2>&1 & sleep 1; touch /dev/shm/of-agent',
        'node leave.mjs look',
        'ln -s /source/secret.txt link.txt; ln -s /etc/passwd out.txt; ln -s / up; ls -l',
        'echo evil > link.txt; echo evil >> out.txt; echo evil > up/written; echo evil > up/source/secret.txt',
        `printf %s '${Buffer.from(FORGE).toString('base64')}' | base64 -d > forge.mjs`,
      ],
    });
    await round.run('work');
    await round.run('verify');
    const results = await readResults(world.db, round.verify);
    base = BaseResults.parse(results.base).cells;
    next = NewResults.parse(results.next);
  }, 5 * MINUTES);
  afterAll(() => world?.close(), 3 * MINUTES);

  const look = (text: string | undefined) =>
    Left.parse(JSON.parse(text?.split('\n').find((line) => line.startsWith('{')) ?? 'null'));
  const newCell = (check: string) => next.cells.find((cell) => cell.check === check && cell.tests === 'new');

  it('a process of setup is gone in work; only what lies in /dev/shm is still there', () => {
    expect(look(round.agent.answers[0])).toEqual({
      server: false,
      listening: 0,
      shared: ['of-setup'],
      process: false,
    });
  });

  it('counter-test: within one container a server, a process and a file of the agent are there', () => {
    expect(look(round.agent.answers[2])).toEqual({
      listening: 1,
      server: true,
      shared: ['of-agent', 'of-setup'],
      process: true,
    });
  });

  it('none of them is there for the checks, on the base or on the change; deliver beside them listens on nothing', () => {
    const clean = { server: false, listening: 0, shared: ['of-setup'], process: false };
    expect([look(base[0]?.output.head), look(newCell('left')?.output.head)]).toEqual([clean, clean]);
  });

  it('a link out of the workspace is carried as a link, and nothing was written through it', async () => {
    const row = await world.db
      .selectFrom('round')
      .select('sealed_digest')
      .where('task_id', '=', round.taskId)
      .executeTakeFirstOrThrow();
    const bytes = await getBlob(world.db, row.sealed_digest ?? '');
    const { entries } = ChangeSet.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const links = entries.flatMap((entry) =>
      entry.op === 'put' && entry.mode === '120000'
        ? [[entry.path, Buffer.from(entry.contentBase64, 'base64').toString('utf8')]]
        : [],
    );
    expect(links).toEqual([
      ['link.txt', '/source/secret.txt'],
      ['out.txt', '/etc/passwd'],
      ['up', '/'],
    ]);
    expect(round.agent.answers[4]).toMatch(/Read-only file system/);
    expect(newCell('after')?.output.head).toContain('of the base');
  });

  it('new code can write into the results, and does; the base results that count are those from before it', () => {
    // the counter-test within: what it wrote is there for whoever would read it now
    expect(JSON.parse(newCell('forge')?.output.head ?? '{}')).toEqual({ wrote: ['base.json', 'new.json'] });
    expect(base.map((cell) => [cell.check, cell.outcome])).toEqual([
      ['left', 'passed'],
      ['forge', 'passed'],
      ['after', 'passed'],
    ]);
    expect(JSON.stringify(base)).not.toContain('forged');
  });

  it('results that were forged for another digest are not those that are delivered', async () => {
    expect(JSON.stringify(next)).not.toContain('forged');
    expect(next.complete).toBe(true);
    expect(next.cells.filter((cell) => cell.source === 'new' && cell.tests === 'new')).toHaveLength(3);
  });
});
