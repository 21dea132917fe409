/**
 * The environment file that `glovebox app create` writes: the only place that the new App's key and secrets go to. Made
 * exclusively, with mode 0600; whatever stands at its path stays as it is.
 */
import { constants } from 'node:fs';
import { access, lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { GloveboxError } from '../../shared/errors.ts';
import type { RandomBytes } from '../../shared/ids.ts';
import { type AppTarget, settingsUrl } from './app-target.ts';
import type { CreatedApp } from './convert-code.ts';

const OWNER_ONLY = 0o600;
const SystemError = z.object({ code: z.string() });

/** Before anything is created on GitHub. Errors: `env-file-exists`, `env-file-folder` (missing or not writable). */
export async function checkEnvFileFree(path: string): Promise<void> {
  if (await lstat(path).catch(() => null)) throw exists(path);
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new GloveboxError({
      code: 'env-file-folder',
      message: `Cannot write into the folder of --output '${path}' (${codeOf(cause)}): expected a folder of yours. Make it, or name another.`,
      cause,
    });
  }
}

/** The file's text, read alike by a shell, `node --env-file`, systemd and compose. */
export function envFileText(target: AppTarget, app: CreatedApp, random: RandomBytes): string {
  const key = app.privateKey.trimEnd().replaceAll('\n', '\\n');
  const lines = [
    `# Glovebox on ${target.org}, written by \`glovebox app create\`. Secrets: for its owner's eyes only.`,
    `GITHUB_APP_ID=${app.id}`,
    `GITHUB_PRIVATE_KEY="${key}\\n"`,
    `GITHUB_WEBHOOK_SECRET=${app.webhookSecret}`,
    `GLOVEBOX_STORE_KEY=${Buffer.from(random(32)).toString('hex')}`,
  ];
  if (target.apiUrl !== 'https://api.github.com') {
    lines.push(`GITHUB_API_URL=${target.apiUrl}`, `GITHUB_GIT_URL=${target.githubUrl}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Writes it to the disk, whole or not at all. Error `env-file-not-written`: the App exists and its key is lost with this
 * process, so the message says how to make a new one.
 */
export async function writeEnvFile(
  file: { readonly path: string; readonly text: string },
  target: AppTarget,
  slug: string,
): Promise<void> {
  try {
    await writeExclusively(file.path, file.text);
  } catch (cause) {
    const why = codeOf(cause) === 'EEXIST' ? 'something stands there by now' : codeOf(cause);
    throw new GloveboxError({
      code: 'env-file-not-written',
      message: `The App '${slug}' exists on ${target.org}, but its keys could not be written to '${file.path}' (${why}) and are shown nowhere else. Either make a new private key and a new webhook secret at ${settingsUrl(target, slug)} and set the variables by hand, or delete the App there and run the command again with another --output.`,
      cause,
    });
  }
}

async function writeExclusively(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function exists(path: string): GloveboxError {
  return new GloveboxError({
    code: 'env-file-exists',
    message: `'${path}' exists already: expected a new file, an existing one is never overwritten. Name another with --output, or move it away.`,
  });
}

function codeOf(error: unknown): string {
  const parsed = SystemError.safeParse(error);
  return parsed.success ? parsed.data.code : 'unknown reason';
}
