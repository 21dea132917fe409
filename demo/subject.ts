/** What the demo works on: the sample with its issue, or any local git repository with an issue from a file. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPO_CONFIG_PATH } from '../src/config/repo-config.ts';
import { GloveboxError } from '../src/shared/errors.ts';
import type { RepositorySeed } from '../test/github-host/seed.ts';
import type { DemoArguments } from './arguments.ts';
import { SCENARIOS } from './scenarios/all.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** A repository to seed and the issue to open; `close` removes what was made for it. */
export interface Subject {
  readonly seed: RepositorySeed;
  readonly title: string;
  readonly body: string;
  /** Text of the repository's configuration file. */
  readonly configText: string;
  close(): Promise<void>;
}

/** Reads the subject. Errors: `repository-invalid`, `issue-invalid`, `config-missing`. */
export async function readSubject(
  given: Pick<DemoArguments, 'scenario' | 'repo' | 'issue' | 'config'>,
): Promise<Subject> {
  const issuePath = given.issue ?? join(HERE, SCENARIOS[given.scenario]?.issueFile ?? 'sample-issue.md');
  const issue = readIssue(issuePath);
  if (given.repo === null) {
    const folder = join(HERE, 'sample');
    return {
      seed: { name: 'clock', folder, firstIssueNumber: 42 },
      ...issue,
      configText: readFileSync(join(folder, REPO_CONFIG_PATH), 'utf8'),
      close: async () => {},
    };
  }
  return localSubject(resolve(given.repo), given.config, issue);
}

/** The committed files of a local repository, taken by git itself; what is not committed stays out. */
async function localSubject(
  folder: string,
  configPath: string | null,
  issue: { title: string; body: string },
): Promise<Subject> {
  const copy = await mkdtemp(join(tmpdir(), 'glovebox-repository-'));
  const close = (): Promise<void> => rm(copy, { recursive: true, force: true });
  try {
    checkout(folder, copy);
    const own = join(copy, REPO_CONFIG_PATH);
    const from = configPath ?? (existsSync(own) ? own : null);
    const configText = from === null ? null : readText(from);
    if (configText === null) throw configMissing(folder, from);
    const files = configPath === null ? [] : [{ path: REPO_CONFIG_PATH, content: configText }];
    const name = basename(folder).replace(/[^A-Za-z0-9._-]/g, '-') || 'repository';
    return { seed: { name, folder: copy, files, firstIssueNumber: 42 }, ...issue, configText, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function checkout(folder: string, copy: string): void {
  try {
    const archive = execFileSync('git', ['-C', folder, 'archive', '--format=tar', 'HEAD'], {
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    execFileSync('tar', ['-x', '-C', copy], { input: archive });
  } catch (cause) {
    throw new GloveboxError({
      code: 'repository-invalid',
      message: `Cannot read '${folder}' given by --repo: expected a local git repository with a commit. Name one.`,
      cause,
    });
  }
}

function readIssue(path: string): { title: string; body: string } {
  const [first = '', ...rest] = (readText(path) ?? '').split('\n');
  const title = first.replace(/^#+\s*/, '').trim();
  if (title !== '') return { title, body: rest.join('\n').trim() };
  throw new GloveboxError({
    code: 'issue-invalid',
    message: `Cannot read an issue from '${path}': expected a Markdown file with the title in its first line.`,
  });
}

/** Null for whatever is no readable file. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function configMissing(folder: string, from: string | null): GloveboxError {
  const place = from ?? join(folder, REPO_CONFIG_PATH);
  if (from === null && existsSync(place)) {
    return new GloveboxError({
      code: 'config-missing',
      message: `The configuration at '${place}' is not committed: expected it in HEAD. Commit it, or name it with --config.`,
    });
  }
  return new GloveboxError({
    code: 'config-missing',
    message: `There is no configuration at '${place}': expected a committed ${REPO_CONFIG_PATH}, or one given by --config FILE.`,
  });
}
