/** Text of a configuration file to its checked content, with every problem found, not only the first. */
import type { z } from 'zod';
import { type Digest, digestOf } from '../shared/digest.ts';
import { NANO_PER_USD } from '../shared/money.ts';
import { AdminConfig } from './admin-config.ts';
import { checkAdmin } from './check-admin.ts';
import { checkRepo } from './check-repo.ts';
import { explainIssues } from './explain-issue.ts';
import { parseYaml } from './parse-yaml.ts';
import type { Place, Problem } from './problem.ts';
import { RepoConfig } from './repo-config.ts';
import { type Shape, shapeAt, shapeOf } from './schema-shape.ts';
import { dollarsText } from './units.ts';

/** Where the admin's file lies unless the operator says otherwise; the name that messages give. */
export const ADMIN_CONFIG_PATH = 'glovebox.config.yml';

/** A file as read. `config` is null where an error was found; warnings leave it. */
export interface ConfigFile<Config> {
  readonly file: string;
  readonly config: Config | null;
  readonly problems: readonly Problem[];
  /** The file's data as written, for messages and for which keys it sets. */
  readonly value: unknown;
  readonly digest: Digest;
  lineOf(path: readonly PropertyKey[]): number;
}

const ADMIN_SHAPE = shapeOf(AdminConfig);
const REPO_SHAPE = shapeOf(RepoConfig);

/** Reads the admin's file. */
export function readAdminConfig(text: string, file: string = ADMIN_CONFIG_PATH): ConfigFile<AdminConfig> {
  return read({ text, file, schema: AdminConfig, shape: ADMIN_SHAPE, check: checkAdmin });
}

/** Reads a repository's file (or the organisation's default); with the admin's file, messages name its bounds. */
export function readRepoConfig(
  text: string,
  file: string,
  admin?: AdminConfig | null,
): ConfigFile<RepoConfig> {
  const shape = admin ? shapeUnder(admin) : REPO_SHAPE;
  return read({ text, file, schema: RepoConfig, shape, check: checkRepo });
}

function shapeUnder(admin: AdminConfig): Shape {
  const most = dollarsText(Number(admin.budget.perTask) / Number(NANO_PER_USD));
  const bound = { boundFrom: ADMIN_CONFIG_PATH, fix: 'Write a number in this range' };
  const perTask = { title: 'budget', type: 'number', expected: `0.01 to ${most} US dollars`, ...bound };
  const budget = { ...shapeAt(REPO_SHAPE, ['budget']), properties: { perTask } };
  return { ...REPO_SHAPE, properties: { ...REPO_SHAPE.properties, budget } };
}

/** True when a problem is an error, not a warning. */
export function isError(one: Problem): boolean {
  return one.severity === 'error';
}

interface ReadInput<Config> {
  readonly text: string;
  readonly file: string;
  readonly schema: z.ZodType<Config>;
  readonly shape: Shape;
  /** Rules across keys; run on content that fits the schema. */
  readonly check: (config: Config, at: Place) => readonly Problem[];
}

function read<Config>(input: ReadInput<Config>): ConfigFile<Config> {
  const yaml = parseYaml(input.text, input.file);
  const { lineOf, value } = yaml;
  const file = { file: input.file, value, digest: digestOf(input.text), lineOf };
  if (yaml.problems.length > 0) return { ...file, config: null, problems: yaml.problems };
  const parsed = input.schema.safeParse(value);
  if (!parsed.success) {
    const explain = { file: input.file, value, shape: input.shape, lineOf };
    return { ...file, config: null, problems: explainIssues(explain, parsed.error.issues) };
  }
  const problems = input.check(parsed.data, file);
  return { ...file, config: problems.some(isError) ? null : parsed.data, problems };
}
