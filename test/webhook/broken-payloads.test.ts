/** Signed payloads that are not what GitHub documents: our handler says a word to each, where a trusting one breaks. */
import { createHmac } from 'node:crypto';
import { Webhooks } from '@octokit/webhooks';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/shared/ids.ts';
import type { OpenStore } from '../../src/task/open-database.ts';
import { handleIssue } from '../../src/webhook/handle-issue.ts';
import { buildAdmin } from '../builders/admin-config.ts';
import { buildIssuePayload, OCTOCAT } from '../builders/issue-payload.ts';
import { FakeWebhookGitHub } from '../fakes/fake-webhook-github.ts';
import { openTestStore } from '../fixtures/test-store.ts';
import { webhookExamples } from '../fixtures/webhook-examples.ts';

/** Members that both handlers below read, and that GitHub's types promise. */
const READ = [
  ['issue'],
  ['issue', 'title'],
  ['label', 'name'],
  ['repository'],
  ['repository', 'owner'],
  ['repository', 'owner', 'login'],
  ['sender'],
  ['sender', 'login'],
] as const;

const BROKEN = READ.flatMap((path) =>
  [undefined, null, 7, { toString: null }].map((value) => replaced(buildIssuePayload(), path, value)),
);

describe('payloads with a member gone, empty or of another type', () => {
  let store: OpenStore;
  const github = new FakeWebhookGitHub();
  beforeAll(async () => {
    store = await openTestStore('pglite');
    github.allow(OCTOCAT.login, OCTOCAT.id);
  });
  afterAll(() => store.close());

  const handle = (payload: unknown, index: number): Promise<string> =>
    handleIssue(
      {
        db: store.db,
        random: systemRandom,
        admin: buildAdmin(),
        ownBotId: 777,
        githubFor: async () => github,
        onTask: () => {},
      },
      { id: `broken-${index}`, payload },
      pino({ level: 'silent' }),
    );

  it('are ignored, each of them, and GitHub is not asked', async () => {
    const words = await Promise.all(BROKEN.map(handle));
    expect(words).toHaveLength(32);
    expect(new Set(words)).toEqual(new Set(['ignored: not the payload of an App']));
    expect(github.calls).toEqual([]);
  });

  it('and so is everything that GitHub publishes', async () => {
    const words = await Promise.all(webhookExamples.map(({ payload }, index) => handle(payload, index)));
    expect(words.filter((word) => !word.startsWith('ignored: '))).toEqual([]);
  });

  it('whole, the same payload becomes a task', async () => {
    expect(await handle(buildIssuePayload(), BROKEN.length)).toBe('admitted');
  });

  it('counter-test: a handler that reads the payload as its types promise breaks on all of them', async () => {
    const answers = await Promise.all([...BROKEN, buildIssuePayload()].map(trustingHandler));
    expect(answers.slice(0, -1).filter((answer) => answer !== 'TypeError')).toEqual([]);
    expect(answers.at(-1)).toBe('octocat: agent on octo-org, parseDuration');
  });
});

/** The library's own way: what it verified is handed on under the type of its documentation. */
async function trustingHandler(payload: unknown): Promise<string> {
  const secret = 'a secret of the tests, long enough';
  const webhooks = new Webhooks({ secret, log: SILENT });
  let said = 'nothing';
  webhooks.on('issues.labeled', ({ payload: { sender, label, repository, issue } }) => {
    const [word] = issue.title.split(' ');
    said = `${sender.login.trim()}: ${label?.name.trim()} on ${repository.owner.login.trim()}, ${word}`;
  });
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  try {
    await webhooks.verifyAndReceive({ id: 'x', name: 'issues', payload: body, signature });
    return said;
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    return error.errors.map((one: unknown) => (one instanceof TypeError ? 'TypeError' : String(one))).join();
  }
}

const nothing = (): void => {};
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A copy with one member replaced; `undefined` takes it out. */
function replaced(payload: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const members = new Map(Object.entries(Object(payload)));
  members.set(key, replaced(members.get(key), rest, value));
  return Object.fromEntries(members);
}
