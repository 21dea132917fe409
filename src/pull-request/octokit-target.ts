/** Which repository an Octokit adapter of this stage works on, and as whom. */
import type { ProbotOctokit } from 'probot';

/** Octokit as Probot gives it, authenticated as an installation. */
export type InstallationOctokit = InstanceType<typeof ProbotOctokit>;

/** Which repository, and our app's id (to know our own comments and check runs). */
export interface Target {
  readonly owner: string;
  readonly repo: string;
  readonly appId: number;
}

/** The repository's coordinates, as GitHub's routes name them. */
export const at = ({ owner, repo }: Target): { owner: string; repo: string } => ({ owner, repo });
