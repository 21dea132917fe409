/** Sends signed webhooks as GitHub does, keeps each delivery for the App's deliveries API, and can lose or fail some. */
import { createHmac, randomUUID } from 'node:crypto';
import { payloadProblems, trimPayload } from './webhook-schema.ts';

/** Where the App's webhooks go. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

/** One delivery, as `GET /app/hook/deliveries/{id}` answers it. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly delivered_at: string;
  readonly redelivery: boolean;
  /** Seconds. */
  readonly duration: number;
  readonly status: string;
  readonly status_code: number;
  readonly event: string;
  readonly action: string | null;
  readonly installation_id: number | null;
  readonly repository_id: number | null;
  readonly throttled_at: null;
  readonly url: string;
  readonly request: {
    readonly headers: Readonly<Record<string, string>>;
    readonly payload: Readonly<Record<string, unknown>>;
  };
  readonly response: { readonly headers: Readonly<Record<string, string>>; readonly payload: string };
}

/** An event to send; ids are read from the payload. */
export interface Outgoing {
  readonly event: string;
  readonly action: string | null;
  readonly payload: Record<string, unknown>;
}

/** The sender, with its knobs for tests. */
export interface WebhookSender {
  /** Newest first. */
  readonly deliveries: readonly Delivery[];
  /** Sets where deliveries go; null sends nothing and keeps failed rows. */
  setTarget(target: WebhookTarget | null): void;
  target(): WebhookTarget | null;
  /** Sends in the background; `settled` waits. */
  send(outgoing: Outgoing): void;
  /** The next `count` events leave no delivery at all, as when GitHub loses them. */
  loseNext(count: number): void;
  /** The next `count` events are recorded as failed without reaching the target (502, as behind a broken proxy). */
  failNext(count: number): void;
  /** Delivers once more, with the same GUID; answers false for an unknown id. */
  redeliver(id: number): boolean;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

/** Builds the sender; schema violations go to `report`. */
export function createWebhookSender(options: {
  readonly appId: number;
  readonly installationId: number;
  readonly report: (problem: string) => void;
  readonly target: WebhookTarget | null;
}): WebhookSender {
  const deliveries: Delivery[] = [];
  const pending = new Set<Promise<void>>();
  let target = options.target;
  let lose = 0;
  let fail = 0;

  function start(outgoing: Outgoing, guid: string, redelivery: boolean): void {
    const work = attempt(outgoing, guid, redelivery).finally(() => pending.delete(work));
    pending.add(work);
  }

  async function attempt(outgoing: Outgoing, guid: string, redelivery: boolean): Promise<void> {
    const body = JSON.stringify(outgoing.payload);
    const headers = headersFor({ outgoing, guid, body, secret: target?.secret ?? '', appId: options.appId });
    const startedAt = Date.now();
    const broken = fail > 0 || target === null;
    if (fail > 0) fail -= 1;
    const answer =
      broken || !target
        ? unreachable('failed to connect to host', 502)
        : await post(target.url, headers, body);
    deliveries.unshift({
      id: 10_000_000_000 + deliveries.length,
      guid,
      delivered_at: new Date(startedAt).toISOString(),
      redelivery,
      duration: (Date.now() - startedAt) / 1_000,
      status: answer.status,
      status_code: answer.code,
      event: outgoing.event,
      action: outgoing.action,
      installation_id: options.installationId,
      repository_id: repositoryId(outgoing.payload),
      throttled_at: null,
      url: target?.url ?? '',
      request: { headers, payload: outgoing.payload },
      response: { headers: answer.headers, payload: answer.text },
    });
  }

  return {
    deliveries,
    target: () => target,
    setTarget: (next) => {
      target = next;
    },
    send: (outgoing) => {
      trimPayload(outgoing.event, outgoing.action, outgoing.payload);
      payloadProblems(outgoing.event, outgoing.action, outgoing.payload).forEach(options.report);
      if (lose > 0) {
        lose -= 1;
        return;
      }
      start(outgoing, randomUUID(), false);
    },
    loseNext: (count) => {
      lose = count;
    },
    failNext: (count) => {
      fail = count;
    },
    redeliver: (id) => {
      const delivery = deliveries.find((row) => row.id === id);
      if (!delivery) return false;
      const { event, action, guid } = delivery;
      start({ event, action, payload: { ...delivery.request.payload } }, guid, true);
      return true;
    },
    settled: async () => {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}

function headersFor(parts: {
  readonly outgoing: Outgoing;
  readonly guid: string;
  readonly body: string;
  readonly secret: string;
  readonly appId: number;
}): Record<string, string> {
  const signature = createHmac('sha256', parts.secret).update(parts.body).digest('hex');
  return {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': parts.guid,
    'x-github-event': parts.outgoing.event,
    'x-github-hook-id': '400000000',
    'x-github-hook-installation-target-id': String(parts.appId),
    'x-github-hook-installation-target-type': 'integration',
    'x-hub-signature-256': `sha256=${signature}`,
  };
}

interface Answer {
  readonly status: string;
  readonly code: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

function unreachable(status: string, code: number): Answer {
  return { status, code, headers: {}, text: '' };
}

/** GitHub waits ten seconds for an answer. */
async function post(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(url, { method: 'POST', headers, body, signal });
    const text = await answer.text();
    const status = answer.ok ? 'OK' : `Invalid HTTP Response: ${answer.status}`;
    return { status, code: answer.status, headers: Object.fromEntries(answer.headers), text };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    return timedOut ? unreachable('timed out', 504) : unreachable('failed to connect to host', 502);
  }
}

function repositoryId(payload: Readonly<Record<string, unknown>>): number | null {
  const repository = payload['repository'];
  if (typeof repository !== 'object' || repository === null || !('id' in repository)) return null;
  return typeof repository.id === 'number' ? repository.id : null;
}
