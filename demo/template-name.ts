/** Which template a repository's file names, so that the demo's admin file can define it. */
import { parse } from 'yaml';
import { z } from 'zod';

const Named = z.object({ template: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/) });

/** The name, or `local` where the file names none; a file with errors is answered by the line itself. */
export function templateNameOf(text: string): string {
  try {
    return Named.parse(parse(text)).template;
  } catch {
    return 'local';
  }
}
