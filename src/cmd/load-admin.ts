/** Reads the admin's file at a process's start; a file with errors stops it, with every error named. */
import { readFile } from 'node:fs/promises';
import type { AdminConfig } from '../config/admin-config.ts';
import { problemLine } from '../config/problem.ts';
import { type ConfigFile, isError, readAdminConfig } from '../config/read-file.ts';
import { GloveboxError } from '../shared/errors.ts';

export interface LoadedAdmin {
  readonly file: ConfigFile<AdminConfig>;
  readonly admin: AdminConfig;
}

/** Errors: `config-missing`, `config-invalid` (all problems in its message). */
export async function loadAdmin(path: string): Promise<LoadedAdmin> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GloveboxError({
      code: 'config-missing',
      message: `The admin file '${path}' cannot be read: expected a file like glovebox.config.example.yml. Write it, or name another with GLOVEBOX_CONFIG.`,
      audience: 'admin',
      cause,
    });
  });
  return parseAdmin(text, path);
}

/** The same for a text at hand. */
export function parseAdmin(text: string, path: string): LoadedAdmin {
  const file = readAdminConfig(text, path);
  if (file.config !== null && !file.problems.some(isError)) return { file, admin: file.config };
  throw new GloveboxError({
    code: 'config-invalid',
    message: file.problems.map(problemLine).join('\n'),
    audience: 'admin',
  });
}
