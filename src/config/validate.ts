/**
 * `glovebox validate [PATH] [--admin FILE]`: checks a configuration file offline and prints every problem with file and
 * line. Also what CI of a repository can run before it commits the file.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GloveboxError } from '../shared/errors.ts';
import type { AdminConfig } from './admin-config.ts';
import { mergeConfig } from './merge.ts';
import { type Problem, problemLine } from './problem.ts';
import { ADMIN_CONFIG_PATH, type ConfigFile, isError, readAdminConfig, readRepoConfig } from './read-file.ts';
import { REPO_CONFIG_PATH, type RepoConfig } from './repo-config.ts';

/** What the command was given. */
export interface ValidateArgs {
  /** Default `.github/glovebox.yml`; a file called `glovebox.config.yml` is read as an admin's file. */
  readonly path?: string | undefined;
  /** The admin's file whose bounds apply; default `glovebox.config.yml` where it exists. */
  readonly admin?: string | undefined;
}

/** Where the command reads and writes; paths are relative to `folder`. */
export interface ValidateIo {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** Text of a file; null where there is none. */
  readonly read: (path: string) => Promise<string | null>;
}

/** Exit code: 0 valid (warnings included), 1 invalid, 2 a file that cannot be read. */
export async function validateCommand(args: ValidateArgs, io: ValidateIo): Promise<0 | 1 | 2> {
  const path = args.path ?? REPO_CONFIG_PATH;
  const text = await io.read(path);
  if (text === null) return isMissing(io, path);
  if (basename(path) === ADMIN_CONFIG_PATH) return report(io, path, readAdminConfig(text, path).problems);
  const adminText = await io.read(args.admin ?? ADMIN_CONFIG_PATH);
  if (adminText === null && args.admin !== undefined) return isMissing(io, args.admin);
  if (adminText === null) return report(io, path, readRepoConfig(text, path).problems);
  const admin = readAdminConfig(adminText, args.admin ?? ADMIN_CONFIG_PATH);
  return report(io, path, problemsUnder(admin, readRepoConfig(text, path, admin.config)));
}

/** Reads a file of this machine; null where there is none. Error `file-unreadable`: a folder, or not for this user. */
export async function readTextFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unreadable(path, code);
  }
}

function unreadable(path: string, code: string): GloveboxError {
  const message =
    code === 'EISDIR'
      ? `'${path}' is a folder: expected a configuration file. Name it, e.g. ${join(path, REPO_CONFIG_PATH)}.`
      : `'${path}' cannot be read (${code}): expected a configuration file that this user may read. Change its mode, or name another.`;
  return new GloveboxError({ code: 'file-unreadable', message });
}

function problemsUnder(admin: ConfigFile<AdminConfig>, file: ConfigFile<RepoConfig>) {
  if (admin.config === null) return [...admin.problems, ...file.problems];
  return mergeConfig({ admin, file, from: 'repository', repository: '' }).problems;
}

function report(io: ValidateIo, path: string, problems: readonly Problem[]): 0 | 1 {
  for (const one of problems) io.out(`${problemLine(one)}\n`);
  const errors = problems.filter(isError);
  if (errors.length === 0) {
    const warnings = problems.length === 0 ? '' : `, ${counted(problems.length, 'warning')}`;
    io.out(`Valid: ${path}${warnings}\n`);
    return 0;
  }
  const files = new Set(errors.map((one) => one.file)).size;
  io.out(`${counted(errors.length, 'error')} in ${counted(files, 'file')}\n`);
  return 1;
}

function isMissing(io: ValidateIo, path: string): 2 {
  io.error(`Refused: There is no file '${path}': expected a configuration file. Name one that is there.\n`);
  return 2;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
