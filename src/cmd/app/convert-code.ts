/**
 * Exchanges the one-time code of GitHub's manifest flow for the new App's id, key and webhook secret. The code is the only
 * credential of the call; whoever has it has the App, so it stands in no message and follows no redirect.
 */
import { z } from 'zod';
import { GloveboxError } from '../../shared/errors.ts';
import { type AppTarget, settingsUrl } from './app-target.ts';

/** Printable in a shell file without quoting: nothing that GitHub answers becomes a command. */
const CreatedApp = z
  .object({
    id: z.int().positive(),
    slug: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,99}$/i),
    pem: z
      .string()
      .max(20_000)
      .regex(
        /^-----BEGIN (RSA )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END (RSA )?PRIVATE KEY-----\s*$/,
      ),
    webhook_secret: z.string().regex(/^[A-Za-z0-9+/=_.-]{16,1000}$/),
  })
  .transform(({ id, slug, pem, webhook_secret }) => ({
    id,
    slug,
    privateKey: pem.replaceAll('\r', ''),
    webhookSecret: webhook_secret,
  }));

/** The App as GitHub made it. `privateKey` and `webhookSecret` go into the environment file and nowhere else. */
export type CreatedApp = z.infer<typeof CreatedApp>;

/** What the exchange needs of the world. */
export interface ConvertDeps {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}

/**
 * Errors: `github-unavailable` (retry: no answer, 429, 5xx), `manifest-code-expired` (404: used, or older than an hour),
 * `github-refused`, `manifest-answer-invalid`; all but the first say where the App is and what to do about it.
 */
export async function convertCode(deps: ConvertDeps, target: AppTarget, code: string): Promise<CreatedApp> {
  const response = await post(deps, target, code);
  if (response.status === 429 || response.status >= 500) throw unavailable(`${response.status}`);
  if (response.status === 404) {
    throw spent(
      target,
      'manifest-code-expired',
      'GitHub does not know the code: used before, or over an hour old.',
    );
  }
  if (!response.ok)
    throw spent(target, 'github-refused', `GitHub answered ${response.status} to the exchange of the code.`);
  const parsed = CreatedApp.safeParse(await response.json().catch(() => null));
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the whole'))];
  throw spent(
    target,
    'manifest-answer-invalid',
    `GitHub's answer about the new App is not as documented (${fields.join(', ')}).`,
  );
}

async function post(deps: ConvertDeps, target: AppTarget, code: string): Promise<Response> {
  try {
    return await deps.fetch(`${target.apiUrl}/app-manifests/${encodeURIComponent(code)}/conversions`, {
      method: 'POST',
      headers: { accept: 'application/vnd.github+json', 'user-agent': 'glovebox' },
      redirect: 'error',
      signal: AbortSignal.timeout(deps.timeoutMs),
    });
  } catch {
    // the cause would carry the code in its address
    throw unavailable('no answer');
  }
}

function unavailable(how: string): GloveboxError {
  return new GloveboxError({
    code: 'github-unavailable',
    message: `GitHub did not exchange the code (${how}); the code stays good for an hour. Reload the page to try again.`,
    retry: true,
  });
}

function spent(target: AppTarget, code: string, what: string): GloveboxError {
  return new GloveboxError({
    code,
    message: `${what} The App itself may exist: delete it at ${settingsUrl(target)} and run the command again.`,
  });
}
