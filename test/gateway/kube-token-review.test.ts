/** The adapter over an API server of the test's own, which answers what a real one may: everything but a clear yes is no pass. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AuthenticationV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeTokenReviews, REVIEW_TIMEOUT_MS } from '../../src/gateway/kube-token-review.ts';
import type { TokenReviews } from '../../src/gateway/token-review/token-review.ts';
import type { KubeAccess } from '../../src/job/kube-access.ts';
import { accessOf } from '../fixtures/kube-access.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const USER = {
  username: 'system:serviceaccount:glovebox-sandbox:sandbox',
  extra: {
    'authentication.kubernetes.io/pod-name': ['gb-7k2m9q-work-9b8b9df18d-x7k2p'],
    'authentication.kubernetes.io/pod-uid': ['0b1f'],
    'authentication.kubernetes.io/credential-id': ['JTI=1'],
  },
};

function json(status: number, body: unknown): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

function status(value: unknown): Answer {
  const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' };
  return json(201, { ...kind, metadata: {}, spec: {}, status: value });
}

describe('a TokenReview', () => {
  let server: Server;
  let answer: Answer;
  let bodies: string[];
  let sockets: number;
  let access: KubeAccess;
  let reviews: TokenReviews;

  beforeEach(async () => {
    bodies = [];
    sockets = 0;
    server = createServer(async (request, response) => {
      bodies.push(Buffer.concat(await request.toArray()).toString());
      answer(request, response);
    });
    server.on('connection', () => {
      sockets += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    access = accessOf(configOf(server), REVIEW_TIMEOUT_MS);
    reviews = kubeTokenReviews(access);
  });
  afterEach(async () => {
    await access.close();
    server.closeAllConnections();
    server.close();
  });

  it('asks about one token and one audience, and tells whose it is', async () => {
    answer = status({ authenticated: true, audiences: ['glovebox-work.x'], user: USER });
    expect(await reviews.review('the.token', 'glovebox-work.x')).toEqual({
      authenticated: true,
      audiences: ['glovebox-work.x'],
      username: USER.username,
      podName: 'gb-7k2m9q-work-9b8b9df18d-x7k2p',
      podUid: '0b1f',
      credentialId: 'JTI=1',
    });
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      spec: { token: 'the.token', audiences: ['glovebox-work.x'] },
    });
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['an error', { error: 'invalid bearer token', user: {} }],
    ['no', { authenticated: false, user: USER }],
  ])('is a no where the status says %s', async (_, value) => {
    answer = status(value);
    expect(await reviews.review('t', 'a')).toEqual({ authenticated: false });
  });

  it('names no pod and no audience where the server names none', async () => {
    answer = status({ authenticated: true, user: { username: 'octocat' } });
    expect(await reviews.review('t', 'a')).toEqual({
      authenticated: true,
      audiences: [],
      username: 'octocat',
      podName: null,
      podUid: null,
      credentialId: null,
    });
  });

  it.each<[string, Answer]>([
    ['forbids our account to ask', json(403, { kind: 'Status', message: 'forbidden' })],
    ['does not know our account', json(401, { kind: 'Status' })],
    ['is overloaded', json(429, { kind: 'Status' })],
    ['fails', json(500, 'oh')],
    ['answers no JSON', json(201, '<html>')],
    ['answers without a status', json(201, { kind: 'TokenReview' })],
    ['answers a yes of another form', status({ authenticated: 'true', user: USER })],
    ['cuts the connection', (_, response) => response.destroy()],
  ])('fails, to be tried again, where the API server %s', async (_, given) => {
    answer = given;
    await expect(reviews.review('t', 'a')).rejects.toMatchObject({
      code: 'identity-unavailable',
      retry: true,
    });
  });

  it('fails within its time limit where nobody answers, and the next one goes through', async () => {
    answer = () => {};
    const startedAt = performance.now();
    await expect(reviews.review('t', 'a')).rejects.toMatchObject({ code: 'identity-unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    answer = status({ authenticated: false });
    expect(await reviews.review('t', 'a')).toEqual({ authenticated: false });
  });

  it('goes over a connection that stays open', async () => {
    answer = status({ authenticated: false });
    for (let times = 0; times < 20; times += 1) await reviews.review('t', 'a');
    expect(bodies).toHaveLength(20);
    expect(sockets).toBeLessThanOrEqual(2);
  });

  it('counter-test: the client by itself opens one for each call', async () => {
    answer = status({ authenticated: false });
    const api = configOf(server).makeApiClient(AuthenticationV1Api);
    for (let times = 0; times < 5; times += 1) {
      await api.createTokenReview({ body: { spec: { token: 't', audiences: ['a'] } } });
    }
    expect(sockets).toBe(5);
  });
});

function configOf(server: Server): KubeConfig {
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'gateway', token: 'ours' },
  );
  return config;
}
