/** INC-14: the issue is frozen at the event; later text, and text of people who may not start tasks, is left out. */
import { describe, expect, it } from 'vitest';
import type { IssueComment } from '../../src/webhook/github.ts';
import { isEmpty, takeSnapshot } from '../../src/webhook/snapshot.ts';
import { FakeWebhookGitHub, unavailable } from '../fakes/fake-webhook-github.ts';

const ASKED = new Date('2026-01-05T14:05:02.000Z');
const BEFORE = new Date('2026-01-05T14:00:00.000Z');
const repo = { installationId: 11, repositoryId: 22, owner: 'octo-org', repo: 'clock', private: false };

const comment = (overrides: Partial<IssueComment> = {}): IssueComment => ({
  userId: 1,
  login: 'octocat',
  userType: 'User',
  createdAt: BEFORE,
  updatedAt: BEFORE,
  body: 'a comment',
  ...overrides,
});

async function snapshotWith(
  comments: IssueComment[],
  prepare: (github: FakeWebhookGitHub) => void = () => {},
) {
  const github = new FakeWebhookGitHub();
  github.allow('octocat', 1);
  github.comments = comments;
  prepare(github);
  const input = { repo, issueNumber: 42, title: 'Title', body: 'Body', askedAt: ASKED };
  return { snapshot: await takeSnapshot({ github }, input), github };
}

describe('a snapshot', () => {
  it('INC-14: leaves out a comment that was edited at or after the event', async () => {
    const edited = comment({ updatedAt: ASKED, body: 'evil' });
    const { snapshot } = await snapshotWith([edited, comment()]);
    expect(snapshot.comments.map(({ body }) => body)).toEqual(['a comment']);
    // Counter-test: the same text, last edited before, is part of it.
    const earlier = await snapshotWith([{ ...edited, updatedAt: BEFORE }]);
    expect(earlier.snapshot.comments.map(({ body }) => body)).toEqual(['evil']);
  });

  it.each([
    ['read', 'read'],
    ['none', 'none'],
  ] as const)('INC-14: leaves out comments of people with %s', async (_word, permission) => {
    const { snapshot } = await snapshotWith([comment({ userId: 2, login: 'mallory' })], (github) =>
      github.allow('mallory', 2, permission),
    );
    expect(snapshot.comments).toEqual([]);
    // Counter-test: the same comment is read where its author may start tasks.
    const trusted = await snapshotWith([comment({ userId: 2, login: 'mallory' })], (github) =>
      github.allow('mallory', 2, 'write'),
    );
    expect(trusted.snapshot.comments).toHaveLength(1);
  });

  it('leaves out comments of people whom GitHub does not know, of bots, and of another account by that name', async () => {
    const { snapshot } = await snapshotWith(
      [
        comment({ userId: 3, login: 'ghost' }),
        comment({ userId: 4, login: 'octocat[bot]', userType: 'Bot' }),
        comment({ userId: 5, login: 'octocat' }),
      ],
      (github) => github.allow('octocat[bot]', 4, 'admin'),
    );
    expect(snapshot.comments).toEqual([]);
  });

  it('strips comments and adds up what was removed over all texts', async () => {
    const { snapshot } = await snapshotWith([
      comment({ body: 'x <!-- 1 -->' }),
      comment({ body: 'y <!-- 2 -->' }),
    ]);
    expect(snapshot.comments.map(({ body }) => body)).toEqual(['x', 'y']);
    expect(snapshot.removed).toEqual([{ kind: 'HTML comment', count: 2, characters: 20 }]);
  });

  it('INC-21: is bounded: the newest comments that fit, and few people asked for', async () => {
    const many = Array.from({ length: 60 }, (_, index) =>
      comment({ userId: index, login: `octocat-${index}`, body: `${index} ${'x'.repeat(20_000)}` }),
    );
    const { snapshot, github } = await snapshotWith(many, (fake) => {
      for (const { login, userId } of many) fake.allow(login, userId);
    });
    expect(snapshot.comments.map(({ login }) => login)).toEqual(['octocat-57', 'octocat-58', 'octocat-59']);
    expect(github.calls.filter((call) => call.startsWith('permissionOf'))).toHaveLength(10);
  });

  it('fails where GitHub cannot say who may start tasks, instead of trusting or dropping', async () => {
    const attempt = snapshotWith([comment()], (github) =>
      github.failures.push({ call: 'permissionOf', error: unavailable() }),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'github-unavailable' });
  });

  it('is empty when title and body are', async () => {
    const { snapshot } = await snapshotWith([comment()]);
    expect(isEmpty(snapshot)).toBe(false);
    expect(isEmpty({ ...snapshot, title: '', body: '' })).toBe(true);
  });
});
