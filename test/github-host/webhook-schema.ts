/** Checks payloads that the host sends against the published webhook schemas, so that our tests meet what GitHub sends. */
import schema from '@octokit/webhooks-schemas/schema.json' with { type: 'json' };
import { Ajv, type ValidateFunction } from 'ajv';

/** Names that the schema file uses for an event and its action: `issues$labeled`, or `ping_event` where there is none. */
function definitionName(event: string, action: string | null): string | null {
  const definitions: Readonly<Record<string, unknown>> = schema.definitions;
  const names = [`${event}$${action ?? ''}`, `${event}_event`];
  return names.find((name) => name in definitions) ?? null;
}

/** Without inlining, and without the schema's root that joins all events, compiling one event takes milliseconds. */
const options = { strict: false, allErrors: true, validateFormats: false, inlineRefs: false } as const;

/** Tools of one process: one copy removes what the schema does not know, the other judges. */
const strict = new Ajv(options);
const trimming = new Ajv({ ...options, removeAdditional: true });
strict.addSchema({ definitions: schema.definitions }, 'webhooks');
trimming.addSchema({ definitions: schema.definitions }, 'webhooks');

function checkOf(ajv: Ajv, name: string): ValidateFunction {
  const key = `webhooks#/definitions/${name}`;
  const known = ajv.getSchema(key);
  return known ?? ajv.compile({ $ref: key });
}

/** Removes fields that GitHub does not send from the payload, in place. */
export function trimPayload(event: string, action: string | null, payload: Record<string, unknown>): void {
  const name = definitionName(event, action);
  if (name) checkOf(trimming, name)(payload);
}

/** What is wrong with a payload; empty when it holds. */
export function payloadProblems(event: string, action: string | null, payload: unknown): string[] {
  const name = definitionName(event, action);
  if (!name) return [`webhook ${event}.${action ?? ''}: no published schema`];
  const check = checkOf(strict, name);
  if (check(payload)) return [];
  return (check.errors ?? []).map(
    (error) => `webhook ${event}.${action ?? ''}${error.instancePath} ${error.message ?? 'is wrong'}`,
  );
}
