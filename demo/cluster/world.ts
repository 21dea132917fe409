/**
 * The world outside of Glovebox as the demo's pod plays it: the emulated GitHub and the scripted model, each behind a proxy
 * that can hold requests, so that kills between two effects can be tried on a cluster too.
 */
import { randomUUID } from 'node:crypto';
import {
  type Hold,
  type HoldingProxy,
  type Matcher,
  startHoldingProxy,
} from '../../test/fixtures/holding-proxy.ts';
import { type GithubHost, startGithubHost } from '../../test/github-host/github-host.ts';
import { viewOf } from '../host-view.ts';
import type { ScriptStep } from '../model/script.ts';
import { type ScriptedModel, startScriptedModel } from '../model/scripted-model.ts';
import { SCENARIOS } from '../scenarios/all.ts';
import type { OpenHold, StartWorld, WorldView } from './control-wire.ts';
import { GITHUB_URL } from './places.ts';

/** The started world. */
export interface World {
  readonly host: GithubHost;
  /** Where both are reached from this machine. */
  readonly urls: { readonly github: string; readonly model: string };
  readonly model: ScriptedModel;
  /** Answers the hold's id. */
  hold(want: OpenHold): string;
  /** Null for an unknown id. */
  isReached(id: string): boolean | null;
  /** Lets it go; an unknown id does nothing. */
  release(id: string): void;
  view(): WorldView;
  close(): Promise<void>;
}

interface Watched {
  readonly hold: Hold;
  reached: boolean;
}

/** Where GitHub and the model listen, on every address. */
export interface WorldPorts {
  readonly github: number;
  readonly model: number;
}

/** Starts all of it. Errors: a busy port. */
export async function startWorld(want: StartWorld, ports: WorldPorts): Promise<World> {
  const host = await startGithubHost({
    listen: { host: '127.0.0.1', publicUrl: GITHUB_URL },
    repositories: want.repositories.map(({ name, files, firstIssueNumber }) => ({
      name,
      firstIssueNumber,
      files: files.map(({ path, mode, base64 }) => ({ path, mode, content: Buffer.from(base64, 'base64') })),
    })),
    app: { privateKey: want.appPrivateKey },
    webhook: want.webhook,
  });
  const model = await startScriptedModel(answersOf(want.scenario), {
    scriptFor: (messages) => scriptsOf(want).find(([mark]) => messages.includes(mark))?.[1],
  });
  const everywhere = '0.0.0.0';
  const toGithub = await startHoldingProxy(host.state.origin, { host: everywhere, port: ports.github });
  const toModel = await startHoldingProxy(model.url, { host: everywhere, port: ports.model });
  return {
    host,
    urls: { github: toGithub.url, model: toModel.url },
    model,
    ...holdsOn({ github: toGithub, model: toModel }),
    view: () => ({ host: viewOf(host), billed: [...model.billed], deliveries: deliveriesOf(host) }),
    close: async () => {
      await Promise.all([toGithub.close(), toModel.close()]);
      await Promise.all([host.close(), model.close()]);
    },
  };
}

function scriptsOf({ scenarios, scripts }: StartWorld): (readonly [string, readonly ScriptStep[]])[] {
  const named = Object.entries(scenarios).map(([mark, name]) => [mark, answersOf(name)] as const);
  return [...Object.entries(scripts), ...named];
}

function answersOf(scenario: string): readonly ScriptStep[] {
  return SCENARIOS[scenario]?.answers ?? [];
}

function holdsOn(
  proxies: Readonly<Record<OpenHold['side'], HoldingProxy>>,
): Pick<World, 'hold' | 'isReached' | 'release'> {
  const holds = new Map<string, Watched>();
  return {
    hold: (want) => {
      const watched: Watched = { hold: openHold(proxies[want.side], want), reached: false };
      void watched.hold.reached.then(() => {
        watched.reached = true;
      });
      const id = randomUUID();
      holds.set(id, watched);
      return id;
    },
    isReached: (id) => holds.get(id)?.reached ?? null,
    release: (id) => {
      holds.get(id)?.hold.release();
      holds.delete(id);
    },
  };
}

function openHold(proxy: HoldingProxy, want: OpenHold): Hold {
  const matches = nthMatch(want);
  if (want.on === 'request') return proxy.hold(matches);
  return want.on === 'answer' ? proxy.holdAnswers(matches) : proxy.holdStreams(matches);
}

function nthMatch({ method, path, text, nth }: OpenHold): Matcher {
  const pattern = new RegExp(path);
  let seen = 0;
  return (request) => {
    if (request.method !== method || !pattern.test(request.path) || !request.body.includes(text))
      return false;
    seen += 1;
    return seen === nth;
  };
}

function deliveriesOf(host: GithubHost): WorldView['deliveries'] {
  return host.webhooks.deliveries.map(({ event, action, status_code: statusCode, status }) => ({
    event,
    action,
    statusCode,
    status,
  }));
}
