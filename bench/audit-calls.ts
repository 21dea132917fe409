/** The API server's audit log as a bench reads it: what was asked since a moment, by whom, and when it arrived. */
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { auditLog } from '../test/fixtures/cluster.ts';

const Line = z.looseObject({
  stage: z.string(),
  verb: z.string(),
  user: z.looseObject({ username: z.string() }),
  objectRef: z.looseObject({ resource: z.string().default(''), name: z.string().default('') }).optional(),
  requestReceivedTimestamp: z.string(),
  responseStatus: z.looseObject({ code: z.int().default(0) }).optional(),
});

/** One request that was answered. */
export interface ApiCall {
  /** Name of the account that asked. */
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
  /** Unix milliseconds at which it arrived; the log holds microseconds. */
  readonly atMs: number;
}

/** Where the log ends now: its size in bytes. */
export function auditEnd(): number {
  return statSync(auditLog).size;
}

/** What was answered since `from`, an earlier `auditEnd`. */
export async function readCalls(from: number): Promise<readonly ApiCall[]> {
  const text = await readFrom(from);
  return text.split('\n').flatMap((line) => (line.startsWith('{') ? callOf(JSON.parse(line)) : []));
}

/** A line that is being written has no end yet and is left out. */
async function readFrom(from: number): Promise<string> {
  const file = await open(auditLog);
  try {
    const parts: Buffer[] = [];
    for await (const part of file.createReadStream({ start: from, autoClose: false })) parts.push(part);
    const text = Buffer.concat(parts).toString('utf8');
    return text.slice(0, text.lastIndexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

function callOf(value: unknown): ApiCall[] {
  const { stage, verb, user, objectRef, ...line } = Line.parse(value);
  if (stage !== 'ResponseComplete') return [];
  return [
    {
      user: user.username,
      verb,
      resource: objectRef?.resource ?? '',
      name: objectRef?.name ?? '',
      code: line.responseStatus?.code ?? 0,
      atMs: Date.parse(line.requestReceivedTimestamp) + microseconds(line.requestReceivedTimestamp),
    },
  ];
}

/** `Date.parse` cuts after the third digit. */
function microseconds(timestamp: string): number {
  return Number(/\.\d{3}(\d{3})/.exec(timestamp)?.[1] ?? 0) / 1_000;
}
