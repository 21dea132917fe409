/** What the doctor says of our App: a table over what GitHub may know of it, and the calls against a server of its kind. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP_PERMISSIONS } from '../../../../src/cmd/app/app-permissions.ts';
import { type AppFacts, judgeApp, type Permissions } from '../../../../src/cmd/doctor/here/github-app.ts';
import { readAppFacts } from '../../../../src/cmd/doctor/here/octokit-app-facts.ts';
import { createGithubClients } from '../../../../src/cmd/github-clients.ts';
import { createLog } from '../../../../src/shared/log.ts';

const GRANTED: Permissions = Object.fromEntries(APP_PERMISSIONS.map(({ name, access }) => [name, access]));
const ORGANISATION = { account: 'octo-org', permissions: GRANTED, isSuspended: false };
const FACTS: AppFacts = {
  name: 'Glovebox',
  permissions: GRANTED,
  events: ['issues'],
  installations: [ORGANISATION],
  webhook: { url: 'https://glovebox.example.com/webhook', isInsecure: false },
  delivery: { event: 'issues', at: '2026-11-21T14:05:02Z', status: 202 },
};
const VALID = ['ok', 'key valid, no permission beyond app.yml'];

const without = (name: string): Permissions =>
  Object.fromEntries(Object.entries(GRANTED).filter(([key]) => key !== name));

describe('what is said of an App', () => {
  it.each<{ name: string; facts: Partial<AppFacts>; says: string[][] }>([
    { name: 'as app.yml asks for it', facts: {}, says: [VALID] },
    {
      name: 'without a permission',
      facts: { permissions: without('checks') },
      says: [['fails', 'lacks checks: write']],
    },
    {
      name: 'with a lower level',
      facts: { permissions: { ...GRANTED, contents: 'read' } },
      says: [['fails', 'lacks contents: write']],
    },
    {
      name: 'with a permission beyond',
      facts: { permissions: { ...GRANTED, workflows: 'write', secrets: 'read' } },
      says: [['fails', 'may do more than app.yml asks for: workflows: write, secrets: read']],
    },
    {
      name: 'with a higher level, also one that we do not know',
      facts: { permissions: { ...GRANTED, metadata: 'write', issues: 'admin' } },
      says: [['fails', 'may do more than app.yml asks for: metadata: write, issues: admin']],
    },
    { name: 'without the event', facts: { events: [] }, says: [['fails', 'is not told of issues']] },
    { name: 'without a webhook', facts: { webhook: null }, says: [['fails', 'has no webhook']] },
    {
      name: 'whose webhook goes unverified',
      facts: { webhook: { url: 'https://glovebox.example.com/webhook', isInsecure: true } },
      says: [['fails', 'the webhook to https://glovebox.example.com/webhook goes unverified']],
    },
    {
      name: 'whose latest webhook was refused',
      facts: { delivery: { event: 'issues', at: '2026-11-21T14:05:02Z', status: 502 } },
      says: [VALID, ['warns', 'the latest webhook (issues, 2026-11-21T14:05:02Z) was answered 502']],
    },
    { name: 'without any delivery yet', facts: { delivery: null }, says: [VALID] },
    {
      name: 'that is installed nowhere',
      facts: { installations: [] },
      says: [VALID, ['warns', 'is installed nowhere']],
    },
    {
      name: 'that is suspended',
      facts: { installations: [{ ...ORGANISATION, isSuspended: true }] },
      says: [VALID, ['warns', 'is suspended by octo-org']],
    },
    {
      name: 'with a permission that an organisation has not accepted',
      facts: {
        installations: [
          ORGANISATION,
          { ...ORGANISATION, account: 'octocats', permissions: without('checks') },
        ],
      },
      says: [VALID, ['fails', 'octocats has not accepted checks: write']],
    },
  ])('$name', ({ facts, says }) => {
    const found = judgeApp({ ...FACTS, ...facts });
    expect(found.map(({ state, text }) => [state, text])).toEqual(says);
    expect(found.every(({ state, fix }) => (fix === null) === (state === 'ok'))).toBe(true);
  });
});

describe('the calls to GitHub', () => {
  let server: Server;
  const answers = new Map<string, unknown>();
  const privateKey = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://localhost');
      const isSigned = /^bearer ey/i.test(String(request.headers.authorization));
      const answer = isSigned ? answers.get(pathname) : undefined;
      response.writeHead(answer === undefined ? 401 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { message: 'Bad credentials' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  function clients() {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    return createGithubClients({
      appId: 7,
      privateKey: String(privateKey.export({ type: 'pkcs1', format: 'pem' })),
      apiUrl: `http://127.0.0.1:${port}`,
      log: createLog('silent'),
      throttle: false,
      waitMs: 5_000,
      timeoutMs: 5_000,
    });
  }

  it('read App, installations, webhook and latest delivery', async () => {
    answers.set('/app', { name: 'Glovebox', slug: 'glovebox', permissions: GRANTED, events: ['issues'] });
    answers.set('/app/installations', [
      { account: { login: 'octo-org' }, permissions: GRANTED, suspended_at: null },
    ]);
    answers.set('/app/hook/config', { url: 'https://glovebox.example.com/webhook', insecure_ssl: '0' });
    answers.set('/app/hook/deliveries', [
      { id: 1, event: 'issues', delivered_at: '2026-11-21T14:05:02Z', status_code: 202 },
    ]);
    expect(await readAppFacts(clients())).toEqual(FACTS);
  });

  it('end as refused where GitHub does not know the key', async () => {
    answers.clear();
    await expect(readAppFacts(clients())).rejects.toMatchObject({
      code: 'github-refused',
      values: { status: 401 },
    });
  });
});
