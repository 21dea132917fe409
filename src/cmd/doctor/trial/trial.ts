/** What became of one trial sandbox, as its checks judge it. */
import type { Trouble } from '../../../job/sandbox.ts';
import type { SelfTestAnswer } from '../../../result/contract/self-test.ts';
import { type Finding, warns } from '../check.ts';
import type { SandboxTemplate } from '../cluster/sandbox-templates.ts';
import type { Surroundings } from './surroundings.ts';
import type { TokenReviewed } from './token-trial.ts';

/** How one of its containers ended; null answer: it gave none. */
export interface ContainerEnd {
  readonly name: string;
  readonly exitCode: number;
  /** The kubelet's own word, e.g. `Error`, `StartError`. */
  readonly reason: string;
  readonly message: string;
  readonly answer: SelfTestAnswer | null;
}

/** One trial. */
export interface Trial {
  readonly template: SandboxTemplate;
  readonly runnerImage: string;
  readonly around: Surroundings;
  /** What kept it from running; null where nothing did. */
  readonly trouble: Trouble | null;
  readonly containers: readonly ContainerEnd[];
  /** Address of the node that it ran on. */
  readonly node: string | null;
  /** What the API server says of its token; null where it had none to show. */
  readonly token: TokenReviewed | null;
  /** Null: the Job and its pod are gone again. */
  readonly leftOver: Finding | null;
}

/** Those that could be made, and why others could not. */
export interface TrialsRun {
  readonly trials: readonly Trial[];
  readonly refused: readonly Finding[];
}

/** Runs them at the first call; every call gets the same. */
export type Trials = (signal: AbortSignal) => Promise<TrialsRun>;

/** The container of that name, where it ended. */
export function endOf({ containers }: Trial, name: string): ContainerEnd | null {
  return containers.find((container) => container.name === name) ?? null;
}

/** For checks that follow the fence's, which says why. */
export const NOT_TRIED: Finding = warns('not tried where there was no test pod', 'see the line of the fence');
