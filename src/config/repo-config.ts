/**
 * The repository's file, `.github/glovebox.yml` (or the organisation's default of the same name): how to build and check
 * this repository. Its values can only tighten what the admin's file allows; `merge.ts` sees to that.
 */
import { z } from 'zod';
import { isPathPattern } from '../shared/path-pattern.ts';
import { duration, usd } from './units.ts';

/** Where the file lies, in a repository and in the organisation's `.github` repository. */
export const REPO_CONFIG_PATH = '.github/glovebox.yml';

const Command = z.string().min(1).max(4_000).meta({ title: 'command', expected: 'a shell command' });

const RepoPath = z
  .string()
  .min(1)
  .max(500)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'))
  .meta({ title: 'path', expected: "a path inside the repository, without '..' and not starting with '/'" });

/** A glob over paths of the repository, as in `protectedPaths`; one that the gate could not read would block every change. */
export const PathPattern = RepoPath.refine(isPathPattern).meta({
  title: 'path pattern',
  expected: "a glob inside the repository, such as 'infra/**'",
});

const Report = z
  .strictObject({
    format: z
      .enum(['junit', 'tap'])
      .meta({ title: 'report format', description: 'JUnit XML, or TAP version 12 to 14' }),
    path: RepoPath.meta({
      title: 'report path',
      description: 'the file that the command writes; `-` is standard output and goes with `tap` only',
    }),
  })
  .meta({
    title: 'report',
    description: 'where a `tests` check leaves its results; each test is read from it',
  });

const Check = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ title: 'check name', description: 'shown in tables; left out, the command is shown' }),
  run: Command.meta({ description: 'run by `/bin/sh -c` in the root of the repository' }),
  kind: z.enum(['tests', 'command']).default('tests').meta({
    title: 'check kind',
    description: '`tests` reads single tests from `report`, `command` only its exit code',
  }),
  report: Report.optional(),
  timeout: duration('1 s', '24 h').prefault('10 min').meta({
    title: 'timeout',
    description: "for one run of the command; at most the admin file's `limits.verify`",
  }),
});

/** The file's content. Amounts are parsed: nano-dollars and milliseconds. */
export const RepoConfig = z.strictObject({
  template: z.string().min(1).max(100).optional().meta({
    title: 'template',
    description: 'one of the templates of the admin file; left out, its `defaultTemplate`',
  }),
  setup: z.array(Command).max(50).default([]).meta({
    title: 'setup',
    description:
      'commands that prepare a checkout (install, build), run once before the agent; no network yet',
  }),
  checks: z.array(Check).min(1).max(20).meta({
    title: 'checks',
    expected: 'a list of 1 to 20 checks',
    description: 'what must hold; a file without a `tests` check can never be verified',
  }),
  protectedPaths: z.array(PathPattern).max(200).default([]).meta({
    title: 'protected paths',
    description: "paths that block a change, on top of the admin's and the built-in ones",
  }),
  budget: z
    .strictObject({
      perTask: usd(0.01, 100_000).optional().meta({
        title: 'budget',
        description: "US dollars that one task may spend; at most the admin's value",
      }),
    })
    .prefault({})
    .meta({ title: 'budget' }),
  model: z.string().min(1).max(100).optional().meta({
    title: 'model',
    description: 'one of the models of the admin file; left out, its `defaultModel`',
  }),
  instructions: z.array(RepoPath).max(20).default(['AGENTS.md', 'CLAUDE.md']).meta({
    title: 'instructions',
    description: 'files of the base commit that the agent reads as guidance; missing ones are skipped',
  }),
});
export type RepoConfig = z.infer<typeof RepoConfig>;
