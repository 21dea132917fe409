/** A pod of a job on a cluster that mints and reviews tokens: what its sandbox holds to say who it is. */
import { randomUUID } from 'node:crypto';
import type { BenchJob } from '../contracts/identity-contract.ts';
import type { FakeTokenReviews } from '../fakes/fake-token-reviews.ts';

const PHASES = ['fetch', 'setup', 'work', 'deliver'] as const;

/** Another pod of the job, with the tokens that its kubelet would have it. */
export function mintPodTokens(reviews: FakeTokenReviews, { name }: { readonly name: string }): BenchJob {
  const pod = { name: `${name}-x7k2p`, uid: randomUUID() };
  const mint = (phase: string): string => reviews.mint({ audiences: [`glovebox-${phase}.${name}`], pod });
  const tokens = Object.fromEntries(PHASES.map((phase) => [phase, mint(phase)]));
  return { name, podUid: pod.uid, tokens };
}
