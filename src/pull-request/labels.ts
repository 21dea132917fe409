/** The labels of a pull request: `agent`, and the team that pays. No state labels; they go stale. */
import { plainLine } from './foreign-text.ts';

/** A label as it is created once per repository. */
export interface Label {
  readonly name: string;
  readonly color: string;
  readonly description: string;
}

/** The labels that a task's pull request carries. */
export function pullLabels(label: string, team: string | null): readonly Label[] {
  const agent = {
    name: label,
    color: '1D76DB',
    description: 'On an issue: hand it to Glovebox. On a pull request: made by Glovebox.',
  };
  if (team === null) return [agent];
  const name = `agent:${plainLine(team)}`.slice(0, 50);
  return [agent, { name, color: 'C5DEF5', description: "Made by Glovebox, paid from this team's budget." }];
}
