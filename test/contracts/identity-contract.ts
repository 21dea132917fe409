/** What every `Identity` adapter must do, whoever proves the tokens: alone, and behind the sandbox's routes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller, Identity } from '../../src/gateway/identity.ts';
import { GATEWAY_PATHS } from '../../src/result/contract/gateway-api.ts';
import type { Phase } from '../../src/result/contract/phase-spec.ts';
import type { Db } from '../../src/task/open-database.ts';
import { closeJob } from '../../src/task/store/close-job.ts';
import { openGateway, refusalReasons, type Send } from '../gateway/gateway-fixture.ts';

/** A job in the store, with the tokens of its own sandbox. */
export interface BenchJob {
  readonly name: string;
  readonly podUid: string | null;
  readonly tokens: Readonly<Partial<Record<Phase, string>>>;
}

/** A task in its first round, whose jobs have sandboxes. */
export interface BenchRound {
  readonly taskId: string;
  readonly work: BenchJob;
  readonly verify: BenchJob;
}

/** A token that must open nothing of the round it attacks. */
export interface ForeignToken {
  readonly what: string;
  readonly token: string;
  /** What the audit says; null where the token names no job, so that there is no audit to say it in. */
  readonly reason: string | null;
}

/** One adapter over a store, with everything that must be refused. */
export interface IdentityBench {
  readonly db: Db;
  readonly identity: Identity;
  openRound(): Promise<BenchRound>;
  /** Tokens of others, made for an attack on this round. */
  foreignTokens(round: BenchRound): Promise<readonly ForeignToken[]>;
  /** Another sandbox of the same job; null where a job cannot have two. */
  secondSandbox(job: BenchJob): Promise<BenchJob | null>;
  /** Ends what the adapter asks (the store, the API server). Called once, before `close`. */
  breakBackend(): Promise<void>;
  close(): Promise<void>;
}

const FOREIGN_ANSWER = { error: { code: 'unauthenticated', message: 'This token opens nothing here.' } };
const CLOSED_ANSWER = {
  error: { code: 'phase-closed', message: 'This phase, its job or its round is over: stop.' },
};

/** Registers the suite. */
export function identityContract(open: () => Promise<IdentityBench>): void {
  let bench: IdentityBench;
  let round: BenchRound;
  let foreign: readonly ForeignToken[];
  let send: Send;
  beforeAll(async () => {
    bench = await open();
    round = await bench.openRound();
    foreign = await bench.foreignTokens(round);
    send = openGateway(bench.db, { identity: bench.identity });
  });
  afterAll(() => bench.close());

  const tokenOf = (job: BenchJob, phase: Phase): string => {
    const token = job.tokens[phase];
    if (token === undefined) throw new Error(`The bench has no token for ${phase}.`);
    return token;
  };
  const callerOf = ({ taskId }: BenchRound, job: BenchJob, phase: Phase): Caller => {
    const kind = phase === 'deliver' ? 'verify' : 'work';
    return { taskId, attempt: 1, round: 1, jobName: job.name, kind, phase, podUid: job.podUid };
  };
  const askSpec = (token: string): Promise<Response> => send('GET', GATEWAY_PATHS.spec, { token });

  describe('alone', () => {
    it.each(['fetch', 'setup', 'work', 'deliver'] as const)(
      'says whose token of phase %s it is',
      async (phase) => {
        const job = phase === 'deliver' ? round.verify : round.work;
        expect(await bench.identity.identify(tokenOf(job, phase))).toEqual({
          ok: true,
          caller: callerOf(round, job, phase),
        });
      },
    );

    it('says the same again, and to many at once', async () => {
      const token = tokenOf(round.work, 'work');
      const answers = await Promise.all(Array.from({ length: 20 }, () => bench.identity.identify(token)));
      const caller = callerOf(round, round.work, 'work');
      expect(answers).toEqual(answers.map(() => ({ ok: true, caller })));
    });

    it('refuses the tokens of others, each time, with a reason that holds nothing of the token', async () => {
      for (const { token, what } of [...foreign, ...foreign]) {
        const answer = await bench.identity.identify(token);
        expect(answer, what).toMatchObject({ ok: false });
        expect(answer.ok ? '' : answer.reason).toMatch(/^[a-z-]{3,40}$/);
      }
    });

    it('refuses whatever is not exactly a token', async () => {
      const token = tokenOf(round.work, 'work');
      const spoilt = [
        '',
        ' ',
        token.slice(0, -1),
        `${token}a`,
        ` ${token}`,
        `${token}\n`,
        token.toUpperCase(),
        token.split('').reverse().join(''),
        `${token}${token}`,
        'x'.repeat(100_000),
        'null',
        `${token}\0`,
      ];
      for (const text of spoilt) expect(await bench.identity.identify(text)).toMatchObject({ ok: false });
    });
  });

  describe('behind the routes', () => {
    it('every foreign token is answered alike, and the audit of the job that it names says why', async () => {
      for (const { what, token, reason } of foreign) {
        const answer = await askSpec(token);
        expect(answer.status, what).toBe(401);
        expect(await answer.json(), what).toEqual(FOREIGN_ANSWER);
        if (reason === null) continue;
        expect(await refusalReasons(bench.db, round.taskId), what).toContain(reason);
      }
    });

    it('a token of an earlier phase opens nothing once a later one has begun', async () => {
      const { taskId, work } = await bench.openRound();
      expect((await askSpec(tokenOf(work, 'setup'))).status).toBe(200);
      expect((await askSpec(tokenOf(work, 'work'))).status).toBe(200);
      const answer = await askSpec(tokenOf(work, 'setup'));
      expect([answer.status, await answer.json()]).toEqual([403, CLOSED_ANSWER]);
      expect(await refusalReasons(bench.db, taskId)).toEqual(['phase-over']);
    });

    it('a token opens only what its own phase may do', async () => {
      const { taskId, work, verify } = await bench.openRound();
      for (const [token, method, path] of [
        [tokenOf(work, 'setup'), 'POST', GATEWAY_PATHS.seal],
        [tokenOf(verify, 'fetch'), 'GET', GATEWAY_PATHS.sealed],
        [tokenOf(verify, 'deliver'), 'PUT', GATEWAY_PATHS.changeSet],
      ] as const) {
        expect((await send(method, path, { token })).status).toBe(403);
      }
      expect(await refusalReasons(bench.db, taskId)).toHaveLength(3);
    });

    it('a closed job’s tokens open nothing, those of its neighbour go on', async () => {
      const { taskId, work, verify } = await bench.openRound();
      expect((await askSpec(tokenOf(work, 'work'))).status).toBe(200);
      await bench.db.transaction().execute((trx) => closeJob(trx, work.name, 'aborted'));
      const answer = await askSpec(tokenOf(work, 'work'));
      expect([answer.status, await answer.json()]).toEqual([403, CLOSED_ANSWER]);
      expect(await refusalReasons(bench.db, taskId)).toEqual(['job-closed']);
      expect((await askSpec(tokenOf(verify, 'fetch'))).status).toBe(200);
    });

    it('a finished round’s tokens open nothing', async () => {
      const { taskId, verify } = await bench.openRound();
      expect((await askSpec(tokenOf(verify, 'deliver'))).status).toBe(200);
      await bench.db
        .updateTable('round')
        .set({ ended_at: new Date() })
        .where('task_id', '=', taskId)
        .execute();
      const answer = await askSpec(tokenOf(verify, 'deliver'));
      expect([answer.status, await answer.json()]).toEqual([403, CLOSED_ANSWER]);
      expect(await refusalReasons(bench.db, taskId)).toEqual(['round-over']);
    });

    it('a job listens to the first sandbox that takes its spec, and to no other', async () => {
      const { taskId, work } = await bench.openRound();
      const second = await bench.secondSandbox(work);
      expect((await askSpec(tokenOf(work, 'fetch'))).status).toBe(200);
      if (second) {
        const answer = await askSpec(tokenOf(second, 'fetch'));
        expect([answer.status, await answer.json()]).toEqual([403, CLOSED_ANSWER]);
        expect(await refusalReasons(bench.db, taskId)).toEqual(['other-pod']);
      }
      expect((await askSpec(tokenOf(work, 'work'))).status).toBe(200);
    });
  });

  describe('without its backend', () => {
    let unknown: BenchRound;
    beforeAll(async () => {
      unknown = await bench.openRound();
      await bench.identity.identify(tokenOf(round.work, 'work'));
      await bench.breakBackend();
    });

    it('fails closed: an error that may be tried again, never a pass', async () => {
      const answer = bench.identity.identify(tokenOf(unknown.work, 'work'));
      await expect(answer).rejects.toMatchObject({ code: 'identity-unavailable', retry: true });
    });

    it('answers 503, and when to come again', async () => {
      const answer = await askSpec(tokenOf(unknown.verify, 'deliver'));
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    });

    it('still knows those whom it proved before, since what a token says never changes', async () => {
      const token = tokenOf(round.work, 'work');
      expect(await bench.identity.identify(token)).toEqual({
        ok: true,
        caller: callerOf(round, round.work, 'work'),
      });
    });
  });
}
