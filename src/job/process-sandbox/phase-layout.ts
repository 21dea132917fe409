/**
 * Which phase sees which volume, and under which path: pure data and one pure function. Bubblewrap and `isolation: none`
 * share the table; without bubblewrap nothing enforces it.
 */
import { CELL_FOLDER, type RunnerLayout } from '../../result/contract/layout.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { Volume } from './options.ts';

/** `source` is written by fetch only, `prepared` by setup and work, `scratch` and `results` by verify, `sealed` by deliver. */
export const ACCESS: Readonly<Record<Phase, Readonly<Partial<Record<Volume, 'ro' | 'rw'>>>>> = {
  fetch: { source: 'rw' },
  setup: { source: 'ro', prepared: 'rw', home: 'rw' },
  work: { source: 'ro', prepared: 'rw', home: 'rw' },
  verify: { source: 'ro', prepared: 'ro', scratch: 'rw', results: 'rw', sealed: 'ro', home: 'rw' },
  deliver: { results: 'ro', sealed: 'rw' },
};

/** Phases that run no repository code and get a HOME of their own, gone when they end. */
export const hasOwnHome = (phase: Phase): boolean => ACCESS[phase].home === undefined;

/** verify talks to nobody: no token, and no socket to reach. */
export const reachesGateway = (phase: Phase): boolean => phase !== 'verify';

/** Paths inside bubblewrap, the same for every job of every machine. */
export const INSIDE = {
  node: '/opt/glovebox/node',
  runner: '/opt/glovebox/runner.mjs',
  phase: '/run/phase',
  gateway: '/run/glovebox',
  home: '/home/agent',
  tmp: '/tmp',
} as const;

/** A volume's path inside: a running cell and the agent's workspace have the same one. */
export function insidePath(volume: Volume, phase: Phase): string {
  if (volume === 'home') return INSIDE.home;
  if (volume === 'scratch') return '/workspace';
  if (volume === 'prepared' && phase !== 'verify') return `/workspace/${CELL_FOLDER}`;
  return `/${volume}`;
}

/** Where one phase finds its things, whatever the isolation. */
export interface PhasePlaces {
  readonly phase: Phase;
  readonly pathOf: (volume: Volume) => string;
  readonly socketPath: string;
  readonly tokenFile: string | null;
  readonly home: string;
  readonly tmp: string;
}

/** What the runner is told besides its places. */
export interface LayoutFacts {
  readonly fence: RunnerLayout['fence'];
  readonly canaries: readonly string[];
  readonly toolEnv: Readonly<Record<string, string>>;
  readonly notLimited: readonly string[];
}

/** The runner's layout of one phase: volumes that it may not see are null. */
export function phaseLayout(places: PhasePlaces, facts: LayoutFacts): RunnerLayout {
  const { phase } = places;
  const path = (volume: Volume) => (ACCESS[phase][volume] === undefined ? null : places.pathOf(volume));
  return {
    gateway: { socketPath: places.socketPath },
    tokenFile: places.tokenFile,
    source: path('source'),
    prepared: path('prepared'),
    scratch: path('scratch'),
    results: path('results'),
    sealed: path('sealed'),
    home: places.home,
    tmp: places.tmp,
    fence: facts.fence,
    canaries: phase === 'fetch' ? [...facts.canaries] : [],
    nameServers: [],
    install: null,
    homeSource: null,
    toolEnv: { ...facts.toolEnv },
    notLimited: [...facts.notLimited],
  };
}
