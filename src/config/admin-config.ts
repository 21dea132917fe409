/**
 * The admin's file, `glovebox.config.yml`: templates, models and prices, caps and what repositories may change. Read by
 * bot and gateway at their start; caps, bans and rate limits apply live, the rest is pinned per attempt by `merge.ts`.
 */
import { z } from 'zod';
import { CHANGE_SET_BOUNDS } from '../result/contract/change-set.ts';
import { Budget, Prices } from './budget-config.ts';
import { count } from './count.ts';
import { PathPattern } from './repo-config.ts';
import { Template } from './template-config.ts';
import { duration, size } from './units.ts';

const Name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/)
  .meta({
    title: 'name',
    expected: "up to 63 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit",
  });

const ModelId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/)
  .meta({ title: 'model', expected: "a model id of up to 100 letters, digits and '._:/-'" });

const RepositoryName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/)
  .meta({ title: 'repository', expected: 'owner/name' });

const AccountId = z.int().min(1).meta({ title: 'account id', expected: "GitHub's numeric id of an account" });

const Model = z.strictObject({
  maxOutputTokens: count(1_024, 1_000_000, 'output limit', 'tokens of one answer').default(32_000),
  contextTokens: count(8_192, 10_000_000, 'context size', 'tokens that the model reads at most').default(
    200_000,
  ),
  price: Prices.optional(),
});

const Limits = z.strictObject({
  turns: count(1, 10_000, 'turn limit', 'model calls of one round').default(200),
  work: duration('10 s', '24 h').prefault('60 min').meta({ title: 'work time', description: 'one work job' }),
  verify: duration('10 s', '24 h').prefault('20 min').meta({
    title: 'verify time',
    description: 'one verify job, on top of what is left of work',
  }),
  setup: duration('1 s', '24 h')
    .prefault('10 min')
    .meta({ title: 'setup time', description: 'all setup commands' }),
  changedFiles: count(
    1,
    CHANGE_SET_BOUNDS.maxEntries,
    'changed files',
    'files that one change set may touch',
  ).default(100),
  changedSize: size('1 KB', `${CHANGE_SET_BOUNDS.maxTotalBytes / 2 ** 20} MiB`)
    .prefault('2 MB')
    .meta({ title: 'changed size', description: 'bytes of one change set' }),
});

const RateLimits = z.strictObject({
  user: count(1, 10_000, 'rate limit', 'tasks that one person starts an hour').default(5),
  repository: count(1, 10_000, 'rate limit', 'tasks that start in one repository an hour').default(20),
});

const Concurrency = z.strictObject({
  installation: count(1, 10_000, 'concurrency', 'tasks of one installation at once').default(4),
  repository: count(1, 10_000, 'concurrency', 'tasks of one repository at once').default(2),
  all: count(
    1,
    10_000,
    'concurrency',
    'tasks of all installations at once; left out, four times `concurrency.installation`',
  ).optional(),
});

const SandboxNamespace = z.strictObject({
  pods: count(1, 10_000, 'pods', 'sandboxes at once in this namespace; under its quota on pods').default(20),
});

const MAY_CHANGE = [
  'template',
  'setup',
  'checks',
  'protectedPaths',
  'budget',
  'model',
  'instructions',
] as const;

const Repositories = z.strictObject({
  mayChange: z
    .array(z.enum(MAY_CHANGE))
    .default([...MAY_CHANGE])
    .meta({
      title: 'keys',
      description: "keys that a repository's file may set; any other there is an error",
    }),
});

const Bans = z.strictObject({
  users: z.array(AccountId).default([]).meta({ description: 'accounts that may not start tasks' }),
  repositories: z
    .array(RepositoryName)
    .default([])
    .meta({ description: 'repositories in which no task starts' }),
});

/** The file's content. Amounts are parsed: nano-dollars, bytes and milliseconds. */
export const AdminConfig = z.strictObject({
  label: z
    .string()
    .min(1)
    .max(50)
    .regex(/^[^\s,][^\r\n,]*$/)
    .default('agent')
    .meta({
      title: 'label',
      expected: 'a label name of up to 50 characters',
      description: 'setting it on an issue starts a task; our pull requests carry it too',
    }),
  ci: z.enum(['after-approval', 'at-once']).default('after-approval').meta({
    title: 'CI mode',
    description:
      "whether the repository's own CI waits until a person asks for it; `at-once` gives unread code its secrets",
  }),
  attempts: count(1, 20, 'attempts', 'attempts at one task').default(3),
  rounds: count(1, 20, 'rounds', 'rounds of one attempt: the first, and those after failed checks').default(
    3,
  ),
  templates: z
    .record(Name, Template)
    .refine((all) => Object.keys(all).length > 0)
    .meta({
      title: 'templates',
      expected: 'at least one template',
      description: 'environments by name',
    }),
  defaultTemplate: Name.optional().meta({
    title: 'template',
    description: 'for repositories that name none',
  }),
  models: z
    .record(ModelId, Model)
    .refine((all) => Object.keys(all).length > 0)
    .meta({
      title: 'models',
      expected: 'at least one model',
      description: 'models that may be used, by id; one without a known price is refused',
    }),
  defaultModel: ModelId.meta({ title: 'model', description: 'for repositories that name none' }),
  limits: Limits.prefault({}).meta({ title: 'limits' }),
  budget: Budget,
  teams: z.record(Name, z.array(RepositoryName)).default({}).meta({
    title: 'teams',
    description: 'repositories by team; a repository belongs to one team at most',
  }),
  rateLimits: RateLimits.prefault({}).meta({ title: 'rate limits' }),
  concurrency: Concurrency.prefault({}).meta({ title: 'concurrency' }),
  sandboxes: z.record(Name, SandboxNamespace).default({}).meta({
    title: 'sandboxes',
    description: 'sandbox namespaces on Kubernetes by name; one that is left out takes 20 pods',
  }),
  bots: z.array(AccountId).default([]).meta({
    title: 'bots',
    description:
      'bots that may start tasks, by numeric id, in every repository, also as the App that acts for a person; `github-actions[bot]` never may',
  }),
  bans: Bans.prefault({}).meta({ title: 'bans' }),
  protectedPaths: z.array(PathPattern).default([]).meta({
    title: 'protected paths',
    description: 'paths that block a change in every repository, on top of the built-in ones',
  }),
  allowedPaths: z.array(PathPattern).default([]).meta({
    title: 'allowed paths',
    description: 'built-in protected paths that changes may touch after all',
  }),
  repositories: Repositories.prefault({}).meta({ title: 'repositories' }),
});
export type AdminConfig = z.infer<typeof AdminConfig>;
