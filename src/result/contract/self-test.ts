/**
 * What `glovebox doctor` asks of a sandbox that does no work, and what each of its containers answers: in its termination
 * message, which whoever may read the pod can read, and which holds 4,096 bytes.
 */
import { z } from 'zod';

/** In a layout, it makes the runner prove the fence and end. */
export const SelfTestRequest = z.strictObject({
  /** Where the answer is written. */
  answerFile: z.string().startsWith('/'),
  /** `host:port` that ought not to answer, but may: they are reported apart. */
  doubtful: z.array(z.string()).max(50),
  /** The phase token is sealed to it (`shared/answer-key`). */
  answerKey: z.string().max(1_000),
});
export type SelfTestRequest = z.infer<typeof SelfTestRequest>;

/** One container's answer. */
export const SelfTestAnswer = z.object({
  /** Canaries and name servers that answered until patience ran out; at most 20 are named. */
  reached: z.array(z.string()),
  /** Those of `doubtful` that answered. */
  doubtful: z.array(z.string()),
  /** The gateway's HTTP status, or why there was none; null where the phase does not ask. */
  gateway: z.union([z.int(), z.string()]).nullable(),
  /** What the preflight found, by place; its token aside. */
  credentials: z.array(z.string()),
  /** Null for a phase without one. */
  sealedToken: z.string().nullable(),
});
export type SelfTestAnswer = z.infer<typeof SelfTestAnswer>;

/** Bytes of a termination message; the kubelet cuts what is longer. */
export const ANSWER_BYTES = 4_096;
