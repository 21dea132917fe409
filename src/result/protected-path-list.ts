/**
 * Paths that no change set may touch unless an admin allows it: whatever runs with other people's rights (workflows,
 * hooks), decides who reviews, or instructs the next agent. The configuration's own patterns come on top.
 */

/** Patterns that `allowedPaths` may lift; syntax in `shared/path-pattern.ts`. */
export const BUILT_IN_PROTECTED_PATHS: readonly string[] = [
  '.github/',
  '**/.*/**',
  'CODEOWNERS',
  'AGENTS.md',
  'AGENTS.*.md',
  'AGENT.md',
  'CLAUDE.md',
  'CLAUDE.*.md',
  'GEMINI.md',
  'copilot-instructions.md',
  '*.instructions.md',
  '.cursorrules',
  '.windsurfrules',
  '.clinerules',
  '.roorules',
  '.goosehints',
  '.aider.conf.yml',
  '.mcp.json',
  '.gitmodules',
  '.gitattributes',
  '.envrc',
  '.pre-commit-config.yaml',
  'lefthook.yml',
  '.gitlab-ci.yml',
  '.travis.yml',
  '.drone.yml',
  'azure-pipelines.yml',
  'bitbucket-pipelines.yml',
  'Jenkinsfile',
  'glovebox.config.yml',
];

/** Never lifted: the App has no right to write workflows, and they run with the repository's secrets. */
export const ALWAYS_PROTECTED_PATHS: readonly string[] = [
  '/.github/workflows/',
  '/.github/actions/',
  '/.github/glovebox.yml',
  '/.github/glovebox.yaml',
];
