/**
 * The audit's event union: what the control plane and the gateway say happened. A part that records something adds its
 * variant here. Data is small and holds no secret and no foreign text beyond names.
 */
import { z } from 'zod';

const event = <Name extends string, Shape extends z.ZodRawShape>(type: Name, shape: Shape) =>
  z.strictObject({ type: z.literal(type), data: z.strictObject(shape) });

export const AuditEvent = z.discriminatedUnion('type', [
  event('task.accepted', { login: z.string(), via: z.string(), snapshot: z.string().nullable() }),
  event('task.state', {
    from: z.string(),
    to: z.string(),
    outcome: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  event('task.pinned', { baseSha: z.string(), config: z.string() }),
  event('task.abort-asked', { login: z.string() }),
  event('job.created', { job: z.string(), kind: z.string(), number: z.int() }),
  event('job.closed', { job: z.string(), reason: z.string() }),
  event('job.phase', { job: z.string(), phase: z.string() }),
  event('gateway.refused', { job: z.string().nullable(), path: z.string(), reason: z.string() }),
  event('gateway.calls', { count: z.int(), digest: z.string() }),
  event('change-set.uploaded', { job: z.string(), digest: z.string() }),
  event('change-set.sealed', { digest: z.string(), by: z.enum(['work', 'controller']) }),
  event('results.delivered', { job: z.string(), which: z.enum(['base', 'new']), digest: z.string() }),
  event('round.judged', { round: z.int(), conclusion: z.string(), digest: z.string() }),
  event('publish.done', { surface: z.string(), id: z.string() }),
]);
export type AuditEvent = z.infer<typeof AuditEvent>;
