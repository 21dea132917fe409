/** The controller's ports with their calls on record; each can be told what it answers. */
import type {
  Judge,
  Lease,
  Pinner,
  PublishEnd,
  Publisher,
  RepoTokens,
  StatusSurface,
} from '../../src/controller/ports.ts';
import type { Judgement } from '../../src/result/judge.ts';
import type { Verdict } from '../../src/result/verdict.ts';
import type { RepoRef, Task } from '../../src/task/task.ts';
import { buildPin } from '../builders/task-row.ts';
import { buildVerdict } from '../builders/verdict.ts';

export class FakePinner implements Pinner {
  readonly pinned: string[] = [];
  answer: Awaited<ReturnType<Pinner['pin']>> = { pin: buildPin() };

  async pin(task: Task): Promise<Awaited<ReturnType<Pinner['pin']>>> {
    this.pinned.push(task.id);
    return this.answer;
  }
}

export class FakeRepoTokens implements RepoTokens {
  readonly minted: string[] = [];
  readonly revoked: string[] = [];
  /** Where set, every revocation fails by it. */
  refused: Error | null = null;

  async mint(repo: RepoRef): Promise<string> {
    const token = `git-token-${repo.repositoryId}-${this.minted.length + 1}`;
    this.minted.push(token);
    return token;
  }

  async revoke(token: string): Promise<void> {
    if (this.refused) throw this.refused;
    this.revoked.push(token);
  }
}

export class FakeJudge implements Judge {
  /** Task, attempt and round of each call. */
  readonly judged: string[] = [];
  verdict: (task: Task) => Verdict = () => buildVerdict();
  diff: string | null = '';

  async judge(task: Task): Promise<Judgement> {
    this.judged.push(`${task.id}/${task.attempt}/${task.round}`);
    return { verdict: this.verdict(task), diff: this.diff };
  }
}

/** A host where a pull request is made once per task, however often publishing is called. */
export class FakePublisher implements Publisher {
  readonly calls: string[] = [];
  /** Task of each pull request that was really made. */
  readonly made: string[] = [];
  answer: Partial<PublishEnd> = {};
  readonly #pulls = new Map<string, number>();

  async publish(task: Task, lease: Lease): Promise<PublishEnd> {
    this.calls.push(task.id);
    await lease.check();
    const pull = this.#pulls.get(task.id) ?? this.#make(task.id);
    return {
      outcome: task.publishPlan?.outcome ?? 'errored',
      reason: null,
      branch: `glovebox/${task.issueNumber}-${task.id}`,
      commitSha: 'c'.repeat(40),
      pullNumber: pull,
      ...this.answer,
    };
  }

  #make(taskId: string): number {
    this.made.push(taskId);
    const pull = 42 + this.made.length;
    this.#pulls.set(taskId, pull);
    return pull;
  }
}

export class FakeStatus implements StatusSurface {
  /** State (and outcome) of each text that was brought up to date. */
  readonly texts: string[] = [];
  /** Answers of the next calls; then null. */
  readonly next: (Date | null)[] = [];

  async sync(task: Task, _lease: Lease): Promise<Date | null> {
    this.texts.push(task.outcome ?? task.state);
    return this.next.shift() ?? null;
  }
}
