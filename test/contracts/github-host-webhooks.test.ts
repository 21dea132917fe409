/** Webhooks of the emulated GitHub: signed, as published, kept for redelivery, and losable. */

import { Webhooks } from '@octokit/webhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { appJwt, ask } from '../github-host/app-client.ts';
import { type GithubHost, startGithubHost } from '../github-host/github-host.ts';
import {
  type Received,
  startWebhookReceiver,
  type WebhookReceiver,
} from '../github-host/webhook-receiver.ts';

const SECRET = 'a webhook secret of this suite';
let receiver: WebhookReceiver;
let host: GithubHost;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  host = await startGithubHost({
    repositories: [{ name: 'clock', files: [{ path: 'a', content: 'b' }] }],
    webhook: { url: receiver.url, secret: SECRET },
  });
});

afterEach(async () => {
  expect(host.violations).toEqual([]);
  await host.close();
  await receiver.close();
});

const issue = { repository: 'clock', title: 'Title', body: 'Body' } as const;
const kinds = (): string[] => receiver.received.map(kindOf).sort();

function kindOf({ headers, body }: Received): string {
  const { action } = z.looseObject({ action: z.string() }).parse(JSON.parse(body));
  return `${headers['x-github-event']}.${action}`;
}

async function deliveries(
  query = '',
): Promise<{ id: number; guid: string; status_code: number; redelivery: boolean }[]> {
  const row = z.looseObject({ id: z.int(), guid: z.string(), status_code: z.int(), redelivery: z.boolean() });
  return z
    .array(row)
    .parse((await ask(host, `GET /app/hook/deliveries${query}`, { token: appJwt(host) })).data);
}

describe('webhooks', () => {
  it('are signed over the bytes that are sent', async () => {
    await host.people.openIssue({ ...issue, as: 'writer' });
    await host.webhooks.settled();
    const [first] = receiver.received;
    const signature = first?.headers['x-hub-signature-256'] ?? '';
    expect(await new Webhooks({ secret: SECRET }).verify(first?.body ?? '', signature)).toBe(true);
    expect(await new Webhooks({ secret: 'another secret' }).verify(first?.body ?? '', signature)).toBe(false);
  });

  it('carry sender, label, issue and installation', async () => {
    const number = await host.people.openIssue({ ...issue, as: 'outsider' });
    await host.people.label({ repository: 'clock', number, as: 'triage' }, 'agent');
    await host.webhooks.settled();
    const labelled = receiver.received.find((it) => kindOf(it) === 'issues.labeled');
    expect(JSON.parse(labelled?.body ?? '{}')).toMatchObject({
      label: { name: 'agent' },
      sender: { login: 'octo-triage' },
      issue: { number, user: { login: 'octo-outsider' } },
      repository: { id: host.repositoryId('clock'), full_name: 'octo-org/clock' },
      installation: { id: host.app.installationId },
    });
  });

  it('announce an issue that was opened with a label twice', async () => {
    await host.people.openIssue({ ...issue, as: 'writer', labels: ['agent'] });
    await host.webhooks.settled();
    expect(kinds()).toEqual(['issues.labeled', 'issues.opened']);
  });

  it('INC-12: carry the label that an issue template sets for an outsider, who cannot set one otherwise', async () => {
    await host.people.openIssue({ ...issue, as: 'outsider', labels: ['agent'] });
    await host.webhooks.settled();
    expect(kinds()).toEqual(['issues.opened']);
    await host.people.openIssue({ ...issue, as: 'outsider', labels: ['agent'], byTemplate: true });
    await host.webhooks.settled();
    expect(kinds()).toEqual(['issues.labeled', 'issues.opened', 'issues.opened']);
  });

  it('refuse a label by who lacks triage', async () => {
    const number = await host.people.openIssue({ ...issue, as: 'outsider' });
    await expect(host.people.label({ repository: 'clock', number, as: 'outsider' }, 'agent')).rejects.toThrow(
      '403',
    );
  });

  it('tell of comments, edits and closing', async () => {
    const number = await host.people.openIssue({ ...issue, as: 'writer' });
    const on = { repository: 'clock', number, as: 'writer' } as const;
    await host.people.comment(on, 'A comment');
    await host.people.unlabel(on, 'agent').catch(() => undefined);
    await host.people.editIssue(on, { state: 'closed' });
    await host.webhooks.settled();
    expect(kinds()).toEqual(['issue_comment.created', 'issues.closed', 'issues.opened']);
  });

  it('say what an edit replaced', async () => {
    const number = await host.people.openIssue({ ...issue, as: 'writer' });
    const on = { repository: 'clock', number, as: 'writer' } as const;
    await host.people.editIssue(on, { title: 'Another title' });
    await host.webhooks.settled();
    await host.people.editIssue(on, { title: 'A third title', body: 'Another body' });
    await host.webhooks.settled();
    const edits = receiver.received.filter((it) => kindOf(it) === 'issues.edited');
    expect(edits.map(({ body }) => JSON.parse(body).changes)).toEqual([
      { title: { from: 'Title' } },
      { title: { from: 'Another title' }, body: { from: 'Body' } },
    ]);
  });
});

describe('deliveries', () => {
  it('are listed with their answer, read whole, and sent once more under the same GUID', async () => {
    receiver.answerWith(500);
    await host.people.openIssue({ ...issue, as: 'writer' });
    await host.webhooks.settled();
    const [failed] = await deliveries('?per_page=100');
    expect(failed).toMatchObject({ status_code: 500, redelivery: false });
    const whole = await ask(host, `GET /app/hook/deliveries/${failed?.id}`, { token: appJwt(host) });
    expect(whole.data).toMatchObject({ request: { payload: { action: 'opened' } } });
    receiver.answerWith(200);
    await ask(host, `POST /app/hook/deliveries/${failed?.id}/attempts`, { token: appJwt(host) });
    await host.webhooks.settled();
    const [latest] = await deliveries();
    expect(latest).toMatchObject({ status_code: 200, redelivery: true, guid: failed?.guid });
    expect(receiver.received).toHaveLength(2);
  });

  it('are kept as failed when nothing was reached', async () => {
    host.webhooks.failNext(1);
    await host.people.openIssue({ ...issue, as: 'writer' });
    await host.webhooks.settled();
    expect(receiver.received).toHaveLength(0);
    expect(await deliveries('?status=failure')).toMatchObject([{ status_code: 502 }]);
  });

  it('leave no trace when GitHub loses the event', async () => {
    host.webhooks.loseNext(1);
    await host.people.openIssue({ ...issue, as: 'writer' });
    await host.webhooks.settled();
    expect(receiver.received).toHaveLength(0);
    expect(await deliveries()).toEqual([]);
  });

  it('are paged by a cursor', async () => {
    for (const title of ['a', 'b', 'c']) await host.people.openIssue({ ...issue, title, as: 'writer' });
    await host.webhooks.settled();
    const first = await ask(host, 'GET /app/hook/deliveries?per_page=2', { token: appJwt(host) });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await ask(host, `GET ${next.slice(host.url.length)}`, { token: appJwt(host) });
    expect([first.data, second.data].map((page) => z.array(z.unknown()).parse(page).length)).toEqual([2, 1]);
  });

  it('are shown to the App only', async () => {
    expect((await ask(host, 'GET /app/hook/deliveries')).status).toBe(401);
  });
});
