/**
 * Which container of a pod mounts which volume, where, and whether it may write there; and the same as the runner is told
 * it. Pure data; the admission policy of the sandbox namespaces holds the same table.
 */
import { CELL_FOLDER, type RunnerLayout } from '../../result/contract/layout.ts';
import type { Phase } from '../../result/contract/phase-spec.ts';
import type { SelfTestRequest } from '../../result/contract/self-test.ts';

/** One mount of one container. */
export interface Mount {
  readonly volume: string;
  readonly path: string;
  readonly access: 'ro' | 'rw';
}

/** Where Node and the runner lie: in our image, and for template containers on a volume that fetch filled. */
export const INSTALLED = '/opt/glovebox';
const INSTALL_TO = '/runner';
const TOKEN_FOLDER = '/run/glovebox';
const TOKEN_FILE = `${TOKEN_FOLDER}/token`;
const TMP = '/tmp';
const WORKSPACE = '/workspace';

/** The name that the gateway has in a pod; no name server knows it. */
export const GATEWAY_ALIAS = 'gateway';

const mount = (volume: string, path: string, access: Mount['access']): Mount => ({ volume, path, access });

const readsSource = mount('source', '/source', 'ro');
const readsRunner = mount('runner', INSTALLED, 'ro');

const OWN_MOUNTS: Readonly<Record<Phase, readonly Mount[]>> = {
  fetch: [mount('source', '/source', 'rw'), mount('runner', INSTALL_TO, 'rw')],
  setup: [readsSource, readsRunner, mount('prepared', WORKSPACE, 'rw')],
  work: [readsSource, readsRunner, mount('prepared', WORKSPACE, 'rw')],
  verify: [
    readsSource,
    readsRunner,
    mount('prepared', '/prepared', 'ro'),
    mount('sealed', '/sealed', 'ro'),
    mount('scratch', WORKSPACE, 'rw'),
    mount('results', '/results', 'rw'),
  ],
  deliver: [mount('results', '/results', 'ro'), mount('sealed', '/sealed', 'rw')],
};

/** verify talks to nobody. */
const hasToken = (phase: Phase): boolean => phase !== 'verify';

/** All mounts of a phase's container. */
export function mountsOf(phase: Phase): readonly Mount[] {
  const token = hasToken(phase) ? [mount(`token-${phase}`, TOKEN_FOLDER, 'ro')] : [];
  return [...OWN_MOUNTS[phase], mount(`tmp-${phase}`, TMP, 'rw'), ...token];
}

/** What the runner is told besides its places. */
export interface LayoutFacts {
  readonly gatewayPort: number;
  readonly canaries: readonly string[];
  readonly nameServers: readonly string[];
  readonly toolEnv: Readonly<Record<string, string>>;
  readonly notLimited: readonly string[];
  readonly selfTest?: SelfTestRequest;
}

type Places = Pick<
  RunnerLayout,
  'source' | 'prepared' | 'scratch' | 'results' | 'sealed' | 'home' | 'homeSource' | 'install'
>;

const NOWHERE: Places = {
  source: null,
  prepared: null,
  scratch: null,
  results: null,
  sealed: null,
  home: `${TMP}/home`,
  homeSource: null,
  install: null,
};
const IN_WORKSPACE: Places = {
  ...NOWHERE,
  source: '/source',
  prepared: `${WORKSPACE}/${CELL_FOLDER}`,
  home: `${WORKSPACE}/home`,
};

const PLACES: Readonly<Record<Phase, Places>> = {
  fetch: { ...NOWHERE, source: '/source', install: { from: INSTALLED, to: INSTALL_TO } },
  setup: IN_WORKSPACE,
  work: IN_WORKSPACE,
  verify: {
    ...IN_WORKSPACE,
    prepared: `/prepared/${CELL_FOLDER}`,
    scratch: WORKSPACE,
    results: '/results',
    sealed: '/sealed',
    homeSource: '/prepared/home',
  },
  deliver: { ...NOWHERE, results: '/results', sealed: '/sealed' },
};

/** The runner's layout of one phase. Only fetch proves the fence, so only fetch learns what must not answer. */
export function podLayout(phase: Phase, facts: LayoutFacts): RunnerLayout {
  const proves = phase === 'fetch';
  return {
    ...PLACES[phase],
    gateway: { origin: `http://${GATEWAY_ALIAS}:${facts.gatewayPort}` },
    tokenFile: hasToken(phase) ? TOKEN_FILE : null,
    tmp: TMP,
    fence: 'gateway-only',
    canaries: proves ? [...facts.canaries] : [],
    nameServers: proves ? [...facts.nameServers] : [],
    toolEnv: { ...facts.toolEnv },
    notLimited: [...facts.notLimited],
    ...(facts.selfTest === undefined ? {} : { selfTest: facts.selfTest }),
  };
}
