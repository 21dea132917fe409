/** Reads objects of the API server: parsed, absent, or a line of the table that says why they cannot be read. */
import { z } from 'zod';
import { type Finding, fails, warns } from '../check.ts';
import type { KubeAnswer, KubeRequests } from './kube-requests.ts';

/** An object by its path, and what texts call it. */
export interface Wanted<Schema extends z.ZodType> {
  readonly path: string;
  readonly what: string;
  readonly schema: Schema;
}

const Status = z.object({ message: z.string() });
const FORBIDDEN = 403;

/** The object, null where there is none, or why it cannot be read. Error `kubernetes-unavailable`. */
export async function readObject<Schema extends z.ZodType>(
  kube: KubeRequests,
  { path, what, schema }: Wanted<Schema>,
): Promise<z.infer<Schema> | null | Finding> {
  const answer = await kube.ask({ path });
  if (answer.status === 404) return null;
  if (answer.status !== 200) return unreadable(what, answer);
  const read = schema.safeParse(answer.body);
  return read.success ? read.data : fails(`${what} cannot be understood`, 'see whether this is Kubernetes');
}

/** What to do where the rights of whoever runs this are too few. Our own processes never get more for this. */
export const OTHER_ACCOUNT =
  "run glovebox doctor --kubernetes with an account that has the rights in docs/operations.md, never with the bot's";

/** A refusal to us is no proof that something is wrong; any other answer is. */
export function unreadable(what: string, answer: KubeAnswer): Finding {
  return answer.status === FORBIDDEN
    ? warns(`${what} cannot be read: this account may not`, OTHER_ACCOUNT)
    : fails(
        `${what} cannot be read: ${answer.status} ${messageOf(answer)}`,
        'see the logs of the API server',
      );
}

/** A refusal's own words. */
export function messageOf({ body }: KubeAnswer): string {
  const status = Status.safeParse(body);
  return status.success ? status.data.message : '';
}

/** True where the refusal is of RBAC's own: we may not act as that user at all. */
export function isImpersonationRefused(answer: KubeAnswer): boolean {
  return answer.status === FORBIDDEN && / cannot impersonate resource /.test(messageOf(answer));
}
