/** The phase's token: a file that is read anew at each call, since projected tokens are rotated under us. */
import { readFileSync } from 'node:fs';
import { GloveboxError } from '../../shared/errors.ts';

/** `Authorization` for the gateway. Error `token-missing` when there is no file or it is empty. */
export function authorization(tokenFile: string | null): { authorization: string } {
  if (tokenFile === null) throw missing('this phase has no token file');
  let token: string;
  try {
    token = readFileSync(tokenFile, 'utf8').trim();
  } catch (cause) {
    throw missing(`'${tokenFile}' cannot be read`, cause);
  }
  if (token === '') throw missing(`'${tokenFile}' is empty`);
  return { authorization: `Bearer ${token}` };
}

function missing(what: string, cause?: unknown): GloveboxError {
  return new GloveboxError({
    code: 'token-missing',
    message: `No phase token: ${what}; expected the file that the layout names.`,
    audience: 'sandbox',
    cause,
  });
}
