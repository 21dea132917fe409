/** Waits until what was applied stands, and says so as it comes; what cannot come by waiting ends it at once, in words. */
import { z } from 'zod';
import { systemClock } from '../../src/shared/clock.ts';
import { GloveboxError } from '../../src/shared/errors.ts';
import type { Kubectl } from './kubectl.ts';
import { NAMESPACES } from './places.ts';

const Container = z.looseObject({
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().default(''), message: z.string().default('') }).optional(),
    })
    .default({}),
  restartCount: z.int().default(0),
  name: z.string(),
});
const Item = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ replicas: z.int().optional() }),
  status: z
    .looseObject({
      readyReplicas: z.int().default(0),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
      containerStatuses: z.array(Container).default([]),
    })
    .prefault({}),
});
type Item = z.infer<typeof Item>;
const List = z.object({ items: z.array(Item) });

const LIMIT_MS = 240_000;
const LOOK_EVERY_MS = 400;
const NEVER_BY_WAITING = /^(ErrImageNeverPull|ImagePullBackOff|InvalidImageName|CreateContainerConfigError)$/;
/** A program that waits for another may end once or twice; one that goes on so is broken. */
const MAX_RESTARTS = 3;

/** What is waited for: `deployment/bot`, `statefulset/postgres`, `pod/demo`. */
export type Wanted = `${'deployment' | 'statefulset' | 'pod'}/${string}`;

/** Resolves when all are ready. Errors: `not-ready` names what stands in the way; the signal's reason. */
export async function awaitReady(
  kubectl: Kubectl,
  wanted: readonly Wanted[],
  options: { readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const end = systemClock.now() + LIMIT_MS;
  const said = new Set<string>();
  for (;;) {
    const items = await readItems(kubectl);
    await refuseHopeless(kubectl, items);
    const ready = wanted.filter((name) => isReady(items.find((item) => nameOf(item) === name)));
    for (const name of ready) {
      if (!said.has(name)) options.say(`Ready: ${name}.`);
      said.add(name);
    }
    if (ready.length === wanted.length) return;
    if (systemClock.now() > end) throw tooLate(wanted.filter((name) => !ready.includes(name)));
    await systemClock.sleep(LOOK_EVERY_MS, options.signal);
  }
}

async function readItems(kubectl: Kubectl): Promise<Item[]> {
  const args = ['-n', NAMESPACES.control, 'get', 'deployments,statefulsets,pods', '-o', 'json'];
  return List.parse(JSON.parse(await kubectl.run(args))).items;
}

function nameOf({ kind, metadata }: Item): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

function isReady(item: Item | undefined): boolean {
  if (!item) return false;
  if (item.kind !== 'Pod') return item.status.readyReplicas >= (item.spec.replicas ?? 1);
  return item.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

async function refuseHopeless(kubectl: Kubectl, items: readonly Item[]): Promise<void> {
  for (const item of items.filter(({ kind }) => kind === 'Pod')) {
    for (const container of item.status.containerStatuses) await refuseContainer(kubectl, item, container);
  }
}

async function refuseContainer(
  kubectl: Kubectl,
  pod: Item,
  { name, state, restartCount }: z.infer<typeof Container>,
): Promise<void> {
  const { reason, message } = state.waiting ?? { reason: '', message: '' };
  if (NEVER_BY_WAITING.test(reason)) throw notReady(pod, `${reason}: ${message}`);
  if (restartCount < MAX_RESTARTS) return;
  const log = await kubectl.attempt([
    '-n',
    NAMESPACES.control,
    'logs',
    pod.metadata.name,
    '-c',
    name,
    '--previous',
    '--tail=3',
  ]);
  throw notReady(pod, `it ended ${restartCount} times and said: ${log.stdout.trim() || 'nothing'}`);
}

function notReady(pod: Item, why: string): GloveboxError {
  return new GloveboxError({
    code: 'not-ready',
    message: `Pod '${pod.metadata.name}' in namespace '${NAMESPACES.control}' cannot start: ${why.slice(0, 600)}`,
  });
}

function tooLate(missing: readonly string[]): GloveboxError {
  return new GloveboxError({
    code: 'not-ready',
    message: `Not ready within ${LIMIT_MS / 60_000} minutes: ${missing.join(', ')}. Look with \`kubectl -n ${NAMESPACES.control} get pods,events\`.`,
  });
}
