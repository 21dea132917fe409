/** Identity: a real sandbox's token opens what it is for, and nothing else. */
import { type Check, type Finding, fails, ok, warns } from '../check.ts';
import { OTHER_ACCOUNT } from '../cluster/read-object.ts';
import { NOT_TRIED, type Trial, type Trials } from './trial.ts';

/** Builds the check; the trials have most often been run by then. */
export function identityCheck(trials: Trials): Check {
  return {
    name: 'identity',
    timeoutMs: 600_000,
    remedy: 'see why the API server does not answer',
    run: async (signal) => {
      const { trials: made, refused } = await trials(signal);
      const judged = [...made.map(judgeIdentity), ...(refused.length > 0 ? [NOT_TRIED] : [])];
      return judged.filter((one, at) => judged.findIndex(({ text }) => text === one.text) === at);
    },
  };
}

/** Pure. */
export function judgeIdentity({ token, template }: Trial): Finding {
  const { namespace } = template.pod;
  if (token === null)
    return warns(`no token of ${namespace} to try: its test pod did not run`, 'see the line of the fence');
  if (!token.asked) return notAsked(token);
  if (token.own === null) {
    return fails(
      `a token of ${namespace} is refused for its own audience`,
      'let the API server accept audiences of projected tokens (--api-audiences is for others)',
    );
  }
  const expected = `system:serviceaccount:${namespace}:sandbox`;
  if (token.own !== expected)
    return fails(
      `a token of ${namespace} is of '${token.own}'`,
      `expected ${expected}: apply k8s/base again`,
    );
  if (token.passesForOther || token.passesForServer) {
    return fails(
      `a token of ${namespace} passes ${token.passesForOther ? "for another phase's audience" : 'for one of the API server'}`,
      'see the API server: a token must be bound to its audience',
    );
  }
  return ok(`${namespace}: a token is taken for its audience, refused for another and by the API server`);
}

function notAsked({ why, message }: Extract<NonNullable<Trial['token']>, { asked: false }>): Finding {
  switch (why) {
    case 'may not impersonate':
      return warns('not checked: this account may not act as the gateway', OTHER_ACCOUNT);
    case 'gateway may not ask':
      return fails(
        'the gateway may not create tokenreviews',
        'kubectl apply -k your overlay of k8s/base (control/accounts.yaml)',
      );
    case 'no answer':
      return fails(
        `the API server does not answer a TokenReview: ${message}`,
        'see the logs of the API server',
      );
  }
}
