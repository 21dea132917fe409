/** The verdict on a bundle that was not even read: blocked, with every gate closed, and nothing said about its tests. */
import type { GloveboxError } from '../shared/errors.ts';
import { GATE_NAMES, type Verdict } from './verdict.ts';

/** Made from a `bundle-invalid` error; its values (`index`, `rule`) fill the reason's sentence. */
export function refusedVerdict(error: GloveboxError): Verdict {
  return {
    conclusion: 'failure',
    reason: error.code,
    values: { ...error.values },
    blocked: true,
    empty: false,
    checks: [],
    notes: [],
    proofs: [],
    harnessChanged: [],
    gates: GATE_NAMES.map((gate) => ({
      gate,
      effect: 'blocks',
      findings: [
        {
          path: null,
          line: null,
          saw: 'not run: the change set is invalid',
          effect: 'blocks',
          code: error.code,
        },
      ],
    })),
    brokenCount: 0,
    stat: { files: 0, added: 0, removed: 0 },
    totals: { base: null, head: null },
  };
}
