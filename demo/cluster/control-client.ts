/** The control API of the demo's pod, from outside: starts its world, acts in it, reads it. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { systemClock } from '../../src/shared/clock.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import {
  type AddComment,
  type GithubFault,
  Held,
  HoldState,
  type ModelFault,
  ModelRequests,
  Opened,
  type OpenHold,
  type OpenIssue,
  REQUEST_ID,
  type StartWorld,
  WorldView,
} from './control-wire.ts';

/** A request that waits in the pod's proxies until it is let go. */
export interface HeldRequest {
  isReached(): Promise<boolean>;
  release(): Promise<void>;
}

/** What can be asked of the pod. Errors: `demo-pod-refused` with its answer, `demo-pod-unreachable` after a minute. */
export interface ControlClient {
  startWorld(want: z.input<typeof StartWorld>): Promise<void>;
  /** Answers the issue's number. */
  openIssue(issue: z.input<typeof OpenIssue>): Promise<number>;
  comment(comment: z.input<typeof AddComment>): Promise<void>;
  view(): Promise<WorldView>;
  /** Bodies of the model's calls, in order. */
  modelRequests(): Promise<readonly unknown[]>;
  failGithub(fault: z.input<typeof GithubFault>): Promise<void>;
  failModel(fault: z.input<typeof ModelFault>): Promise<void>;
  hold(want: z.input<typeof OpenHold>): Promise<HeldRequest>;
}

const UNREACHABLE_AFTER_MS = 60_000;
const BETWEEN_MS = 200;
const ANSWER_MS = 30_000;

/** The client for the forwarded port's origin. */
export function controlClient(origin: string): ControlClient {
  const ask = (method: string, path: string, body?: unknown): Promise<unknown> =>
    askControl(origin, { method, path, body, id: randomUUID() });
  return {
    startWorld: async (want) => void (await ask('PUT', '/world', want)),
    openIssue: async (issue) => Opened.parse(await ask('POST', '/issues', issue)).number,
    comment: async (comment) => void (await ask('POST', '/comments', comment)),
    view: async () => WorldView.parse(await ask('GET', '/world')),
    modelRequests: async () => ModelRequests.parse(await ask('GET', '/model/requests')),
    failGithub: async (fault) => void (await ask('POST', '/github/faults', fault)),
    failModel: async (fault) => void (await ask('POST', '/model/faults', fault)),
    hold: async (want) => {
      const { id } = Held.parse(await ask('POST', '/holds', want));
      return {
        isReached: async () => HoldState.parse(await ask('GET', `/holds/${id}`)).reached,
        release: async () => void (await ask('DELETE', `/holds/${id}`)),
      };
    },
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** The same for each time that it is sent. */
  readonly id: string;
}

/** A forwarding that just ended is back in a moment: what was not answered is sent again. */
async function askControl(origin: string, asked: Asked): Promise<unknown> {
  const end = systemClock.now() + UNREACHABLE_AFTER_MS;
  for (;;) {
    const answer = await send(origin, asked);
    if (answer) return read(asked, answer);
    if (systemClock.now() > end) {
      throw new GloveboxError({
        code: 'demo-pod-unreachable',
        message: `The demo's pod does not answer ${asked.method} ${asked.path}.`,
      });
    }
    await systemClock.sleep(BETWEEN_MS);
  }
}

async function send(origin: string, { method, path, body, id }: Asked): Promise<Response | null> {
  try {
    return await fetch(`${origin}${path}`, {
      method,
      headers: { 'content-type': 'application/json', [REQUEST_ID]: id },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch {
    return null;
  }
}

async function read({ method, path }: Asked, answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (answer.ok) return text === '' ? null : JSON.parse(text);
  throw new GloveboxError({
    code: 'demo-pod-refused',
    message: `The demo's pod answered ${method} ${path} with ${answer.status}: ${text.slice(0, 300)}`,
  });
}
