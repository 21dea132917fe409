/**
 * What our App asks an organisation for, and why, as the page of `glovebox app create` shows it and GitHub is told it.
 * A test holds this table equal to app.yml, the file that people read.
 */

/** One permission of the App with its level and reason. */
export interface AppPermission {
  readonly name: string;
  readonly access: 'read' | 'write';
  readonly reason: string;
}

/** Every permission; what is not here, our App cannot do. */
export const APP_PERMISSIONS: readonly AppPermission[] = [
  {
    name: 'metadata',
    access: 'read',
    reason: "Read a repository's name, default branch and who has which permission. GitHub requires it.",
  },
  {
    name: 'contents',
    access: 'write',
    reason:
      'Clone the base (as a token of its own with read, one repository, one job), and push branches under `glovebox/`.',
  },
  {
    name: 'issues',
    access: 'write',
    reason: 'Read the labelled issue and its comments, react to it, and write one status comment.',
  },
  {
    name: 'pull_requests',
    access: 'write',
    reason: 'Open the pull request, set its labels and assignee.',
  },
  {
    name: 'checks',
    access: 'write',
    reason: 'The check run "Glovebox" with tests, policy and cost on the head commit.',
  },
];

/** Every event that GitHub sends us, with its reason. */
export const APP_EVENTS: readonly { readonly name: string; readonly reason: string }[] = [
  { name: 'issues', reason: '`labeled`, and `opened` with the label: how a task starts.' },
];

/** What stands in the App's public description. */
export const APP_DESCRIPTION =
  'Hands labelled issues to sealed coding agents and returns verified pull requests.';
