/**
 * The webhook's door: bounds before reading, signature before parsing, a stored row before the answer, and no work
 * before it. Probot's own middleware is not used here: it reads without bound, and answers 202 after 9 s whatever happened.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Log } from '../shared/log.ts';
import type { NewDelivery } from '../task/store/insert-delivery.ts';
import { readBody } from './read-body.ts';
import { storablePayload } from './storable-payload.ts';

/** Where GitHub sends webhooks to; the App's settings name it. */
export const WEBHOOK_PATH = '/api/github/webhooks';

/** GitHub sends at most 25 MB; the events that we subscribe to stay far below this. */
export const MAX_PAYLOAD_BYTES = 10_000_000;

/** Events and actions that somebody handles; any other is answered and not stored. */
const HANDLED: Readonly<Record<string, readonly string[]>> = {
  issues: ['labeled', 'opened'],
  installation: ['created', 'deleted', 'suspend', 'unsuspend', 'new_permissions_accepted'],
};

export interface ReceiveDeps {
  /** True when the signature header was made with our secret over exactly these bytes. */
  readonly verify: (body: string, signature: string) => Promise<boolean>;
  readonly store: (delivery: NewDelivery) => Promise<void>;
  /** Called after the answer: a delivery waits. */
  readonly wake: () => void;
  readonly log: Log;
}

const Headers = z.object({
  'content-type': z.string().regex(/^application\/json\s*(;|$)/i),
  'x-github-event': z.string().regex(/^[a-z0-9_]{1,100}$/),
  'x-github-delivery': z.string().regex(/^[0-9A-Za-z-]{1,100}$/),
  'x-hub-signature-256': z.string().regex(/^sha256=[0-9a-f]{64}$/),
});

const Payload = z.object({
  action: z.string().nullish(),
  installation: z.object({ id: z.int() }).nullish(),
  repository: z.object({ id: z.int() }).nullish(),
});

/** Answers one request; false when it is for somebody else (another path). Never throws. */
export async function receiveWebhook(
  deps: ReceiveDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (request.url?.split('?')[0] !== WEBHOOK_PATH) return false;
  const { status, text, stored } = await answerFor(deps, request);
  response.writeHead(status, {
    'content-type': 'text/plain',
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(`${text}\n`);
  if (stored) deps.wake();
  return true;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly stored?: boolean;
}

async function answerFor(deps: ReceiveDeps, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'POST') return { status: 405, text: 'only POST' };
  const headers = Headers.safeParse(request.headers);
  if (!headers.success) return { status: 400, text: 'headers of a GitHub webhook are missing or wrong' };
  const body = await readBody(request, MAX_PAYLOAD_BYTES);
  if (body === 'too-large') return { status: 413, text: `at most ${MAX_PAYLOAD_BYTES} bytes` };
  if (body === 'broken') return { status: 400, text: 'the body ended early' };
  const valid = await deps.verify(body, headers.data['x-hub-signature-256']).catch(() => false);
  if (!valid) return { status: 401, text: 'the signature does not match' };
  const delivery = deliveryOf(headers.data, body);
  if (delivery === null) return { status: 400, text: 'the body is no JSON object' };
  return isHandled(delivery) ? keep(deps, delivery) : { status: 202, text: 'nothing to do' };
}

async function keep(deps: ReceiveDeps, delivery: NewDelivery): Promise<Answer> {
  try {
    await deps.store(delivery);
    return { status: 202, text: 'accepted', stored: true };
  } catch (error) {
    deps.log.error({ err: error, deliveryId: delivery.id }, 'a delivery could not be stored');
    return { status: 503, text: 'not stored; the sweep or a redelivery brings it again' };
  }
}

/** True when a handler exists for its event and action. */
export function isHandled(delivery: { readonly event: string; readonly action: string | null }): boolean {
  return delivery.action !== null && (HANDLED[delivery.event]?.includes(delivery.action) ?? false);
}

function deliveryOf(headers: z.infer<typeof Headers>, body: string): NewDelivery | null {
  return toDelivery({ id: headers['x-github-delivery'], event: headers['x-github-event'] }, body);
}

/** A delivery of its headers and its body's text; null when the body is no JSON object. */
export function toDelivery(
  head: { readonly id: string; readonly event: string },
  body: string,
): NewDelivery | null {
  try {
    const parsed: unknown = JSON.parse(body);
    const payload = Payload.parse(parsed);
    return {
      ...head,
      action: payload.action ?? null,
      installationId: payload.installation?.id ?? null,
      repositoryId: payload.repository?.id ?? null,
      payload: storablePayload(parsed, body),
    };
  } catch {
    return null;
  }
}
