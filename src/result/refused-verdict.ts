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
          saw: sawOf(error),
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

/** The position counts from 1; 0 is the change set as a whole. The path is not shown. */
function sawOf(error: GloveboxError): string {
  const { index = 0, rule = 'unknown' } = error.values;
  return `${index === 0 ? 'the whole' : `path ${index}`} breaks the rule '${rule}'`;
}
