/** The demo on one machine: which fence it can have here, and the line behind it. */
import { buildRunner } from '../build/bundle.ts';
import { GloveboxError } from '../src/shared/errors.ts';
import { adminFile } from './admin-file.ts';
import type { DemoArguments } from './arguments.ts';
import { hasBubblewrap } from './has-bubblewrap.ts';
import type { Line } from './line.ts';
import { startLocalLine } from './local-line.ts';
import { DEMO_MODEL } from './model/demo-model.ts';
import { startScriptedModel } from './model/scripted-model.ts';
import { upstreamOf } from './open-upstream.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Subject } from './subject.ts';
import { templateNameOf } from './template-name.ts';

type Isolation = 'bubblewrap' | 'none';

/** The fence of this run. Error `isolation-missing`: it is not there, and the code is not ours. */
export function isolationOf(given: DemoArguments): Isolation {
  return given.isolation ?? (hasBubblewrap() ? 'bubblewrap' : isolationWithout(given));
}

/** The demo's second line. */
export function isolationLine(isolation: Isolation): string {
  return isolation === 'bubblewrap'
    ? 'Sandbox: bubblewrap, no network but the gateway.'
    : 'Sandbox: NOT FENCED (isolation: none). The code runs as you, with your network.';
}

/** Starts everything in this process. Errors: a busy port, `key-missing`, the line's. */
export async function openLocal(given: DemoArguments, subject: Subject, isolation: Isolation): Promise<Line> {
  await buildRunner();
  const upstream = upstreamOf(given);
  const scripted = upstream ? null : await startScriptedModel(SCENARIOS[given.scenario]?.answers ?? []);
  const closeModel = async (): Promise<void> => scripted?.close();
  const line = await startLocalLine({
    repositories: [subject.seed],
    adminText: adminFile({ isolation, template: templateNameOf(subject.configText), model: DEMO_MODEL }),
    upstream: upstream ?? { url: scripted?.url ?? '', apiKey: null },
    logLevel: 'fatal',
    allowUnfenced: given.isolation === 'none',
    port: given.port,
  }).catch(async (error: unknown) => {
    await closeModel();
    throw error;
  });
  return { ...line, close: () => line.close().finally(closeModel) };
}

/** The sample's own code is known, so it may run without a fence; other code only when asked for. */
function isolationWithout(given: DemoArguments): 'none' {
  if (given.repo === null) return 'none';
  throw new GloveboxError({
    code: 'isolation-missing',
    message:
      "bubblewrap is missing, and code of another repository runs unfenced without it; install the package 'bubblewrap', or say --isolation none.",
  });
}
