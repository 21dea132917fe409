/** Images: the runner's and each template's, pulled by a node and run. */
import { type Check, type Finding, fails, ok, warns } from '../check.ts';
import { endOf, NOT_TRIED, type Trial, type Trials } from './trial.ts';

/** Builds the check; the trials have most often been run by then. */
export function imagesCheck(trials: Trials): Check {
  return {
    name: 'images',
    timeoutMs: 600_000,
    remedy: 'see why the test pod does not end: kubectl get pods -A -l glovebox.dev/task=doctor',
    run: async (signal) => {
      const { trials: made, refused } = await trials(signal);
      return [...judgeImages(made), ...(refused.length > 0 ? [NOT_TRIED] : [])];
    },
  };
}

/** Pure: what was pulled and run makes one line. */
export function judgeImages(trials: readonly Trial[]): readonly Finding[] {
  const good = trials.flatMap((trial) => [
    ...(endOf(trial, 'fetch')?.answer ? [trial.runnerImage] : []),
    ...(endOf(trial, 'work')?.answer ? [trial.template.image] : []),
  ]);
  const line = good.length === 0 ? [] : [ok(`pulled and run: ${[...new Set(good)].join(', ')}`)];
  return [...line, ...trials.flatMap(wrongWith)];
}

function wrongWith(trial: Trial): readonly Finding[] {
  const { template, trouble } = trial;
  if (trouble?.kind === 'image-not-pulled') {
    return [
      fails(
        `template ${template.name}: ${trouble.message}`,
        'push it, correct its name, or name a pull secret in pullSecrets of ConfigMap sandbox-policy',
      ),
    ];
  }
  const fetch = endOf(trial, 'fetch');
  if (trouble !== null || !fetch?.answer) {
    return [
      warns(
        `template ${template.name}: ${template.image} not tried, its test pod did not run`,
        'see the line of the fence',
      ),
    ];
  }
  const work = endOf(trial, 'work');
  if (work?.answer) return [];
  const how = work ? `${work.reason}, exit ${work.exitCode}: ${work.message}` : 'it never started';
  return [
    fails(
      `template ${template.name}: ${template.image} does not run our Node: ${how}`,
      'use an image with the GNU C library (Debian, Ubuntu, Fedora...), for the architecture of the nodes',
    ),
  ];
}
