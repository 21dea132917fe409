/**
 * Admin file and repository file (or the organisation's default) to the configuration of one attempt. Repository values
 * only tighten; one over the admin's bound is an error that names both, and every such error is reported at once.
 */
import type { AdminConfig } from './admin-config.ts';
import type { AttemptConfig } from './attempt-config.ts';
import { boundProblems } from './bounds.ts';
import { teamOf } from './caps.ts';
import { checkName } from './check-repo.ts';
import type { Problem } from './problem.ts';
import { type ConfigFile, isError } from './read-file.ts';
import type { RepoConfig } from './repo-config.ts';
import { PodTemplate, type Template } from './template-config.ts';

/** The files of one attempt. */
export interface MergeInput {
  readonly admin: ConfigFile<AdminConfig>;
  /** `owner/repo`, for the team. */
  readonly repository: string;
  /** The file that counts: the repository's own, else the organisation's. */
  readonly file: ConfigFile<RepoConfig>;
  /** Whose file that is; `repositories.mayChange` binds repositories only. */
  readonly from: 'repository' | 'organisation';
}

/** The merged configuration, or everything that is wrong; warnings stand beside a configuration. */
export type Merged =
  | { readonly config: AttemptConfig; readonly problems: readonly Problem[] }
  | { readonly config: null; readonly problems: readonly Problem[] };

/** Merges; pure. */
export function mergeConfig(input: MergeInput): Merged {
  const { config: admin } = input.admin;
  const { config: repo } = input.file;
  if (admin === null || repo === null) {
    return { config: null, problems: [...input.admin.problems, ...input.file.problems] };
  }
  const template = repo.template ?? admin.defaultTemplate;
  const problems = [
    ...input.file.problems,
    ...boundProblems({ admin, repo, file: input.file, from: input.from }),
  ];
  if (template === undefined || problems.some(isError)) return { config: null, problems };
  return { config: attemptConfig({ ...input, values: admin, repo, templateName: template }), problems };
}

interface Parts extends MergeInput {
  readonly values: AdminConfig;
  readonly repo: RepoConfig;
  readonly templateName: string;
}

function attemptConfig(parts: Parts): AttemptConfig {
  const { values, repo } = parts;
  const perTask = repo.budget.perTask ?? values.budget.perTask;
  return {
    template: templateOf(values, parts.templateName),
    setup: repo.setup,
    setupTimeoutMs: values.limits.setup,
    checks: repo.checks.map((check) => ({
      name: checkName(check),
      run: check.run,
      kind: check.kind,
      report: check.report ?? null,
      timeoutMs: Math.min(check.timeout, values.limits.verify),
    })),
    model: modelOf(values, repo.model ?? values.defaultModel),
    taskBudgetNanoUsd: String(perTask),
    limits: limitsOf(values),
    protectedPaths: [...new Set([...values.protectedPaths, ...repo.protectedPaths])],
    allowedPaths: values.allowedPaths,
    team: teamOf(values, parts.repository),
    label: values.label,
    ci: values.ci,
    instructionFiles: repo.instructions,
    digests: {
      admin: parts.admin.digest,
      repository: parts.from === 'repository' ? parts.file.digest : null,
      organisation: parts.from === 'organisation' ? parts.file.digest : null,
    },
  };
}

function templateOf(values: AdminConfig, name: string): AttemptConfig['template'] {
  const template = values.templates[name];
  if (template === undefined) throw new Error(`template '${name}' passed the bounds and is not defined`);
  const { isolation, image, processes, files, toolEnv } = template;
  const sizes = { memoryBytes: template.memory, diskBytes: template.disk, outputBytes: template.output };
  return { name, isolation, image, processes, files, toolEnv, ...sizes, pod: podOf(template) };
}

/** The template's pod with its defaults; null where it runs elsewhere. */
export function podOf(template: Template): AttemptConfig['template']['pod'] {
  if (template.isolation !== 'pod') return null;
  const { cpu, ...pod } = template.pod ?? PodTemplate.parse({});
  return { ...pod, cpuMillis: cpu };
}

function modelOf(values: AdminConfig, id: string): AttemptConfig['model'] {
  const model = values.models[id];
  if (model === undefined) throw new Error(`model '${id}' passed the bounds and is not defined`);
  return { id, maxOutputTokens: model.maxOutputTokens, contextTokens: model.contextTokens };
}

function limitsOf({ attempts, rounds, limits }: AdminConfig): AttemptConfig['limits'] {
  return {
    attempts,
    rounds,
    turns: limits.turns,
    workMs: limits.work,
    verifyMs: limits.verify,
    changedFiles: limits.changedFiles,
    changedBytes: limits.changedSize,
  };
}
