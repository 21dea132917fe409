/** The admin's file: the same judgement as `glovebox validate`, on the file that bot and gateway read. */
import { type Problem, problemSentence } from '../../../config/problem.ts';
import { readAdminConfig } from '../../../config/read-file.ts';
import { type Check, type Finding, fails, ok, warns } from '../check.ts';

/** The file as it was found; `from` is named in texts. */
export interface AdminText {
  readonly text: string;
  readonly from: string;
}

export interface AdminFileDeps {
  /** The file, or why it cannot be read. */
  readonly read: () => Promise<AdminText | Finding>;
  readonly isKubernetes: boolean;
}

/** Builds the check. */
export function adminFileCheck({ read, isKubernetes }: AdminFileDeps): Check {
  return {
    name: 'admin file',
    timeoutMs: 10_000,
    remedy: 'write it: glovebox.config.example.yml is one to start from',
    run: async () => {
      const found = await read();
      return 'state' in found ? [found] : judgeAdmin(found, isKubernetes);
    },
  };
}

/** Pure: every problem is a line; templates that cannot run here fail, since they stop the bot. */
export function judgeAdmin({ text, from }: AdminText, isKubernetes: boolean): readonly Finding[] {
  const { config, problems } = readAdminConfig(text, from);
  const said = problems.map(findingOf);
  if (config === null) return said;
  const others = Object.entries(config.templates)
    .filter(([, { isolation }]) => (String(isolation) === 'pod') !== isKubernetes)
    .map(([name, { isolation }]) => misplaced(name, isolation, isKubernetes));
  const templates = Object.keys(config.templates).length;
  const models = Object.keys(config.models).length;
  const valid = ok(`${from}: ${counted(templates, 'template')}, ${counted(models, 'model')}`);
  return [valid, ...said, ...others];
}

function findingOf(problem: Problem): Finding {
  const fix = `${problem.fix ?? 'change it'}; check it with: glovebox validate`;
  return (problem.severity === 'error' ? fails : warns)(problemSentence(problem), fix);
}

function misplaced(name: string, isolation: string, isKubernetes: boolean): Finding {
  return fails(
    `template '${name}' has isolation '${isolation}', which does not run ${isKubernetes ? 'on Kubernetes' : 'on one machine'}`,
    isKubernetes ? "give it isolation 'pod' and an image" : "give it isolation 'bubblewrap'",
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
