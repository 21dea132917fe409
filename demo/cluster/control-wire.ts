/** What the demo's own pod is asked over its control API: one schema a request, shared by both ends. */
import { z } from 'zod';
import { HostView } from '../host-view.ts';
import { TOOLS } from '../model/script.ts';
import { SCENARIOS } from '../scenarios/all.ts';

/** Header that names a request: whoever gets no answer sends it again under the same name. */
export const REQUEST_ID = 'x-request-id';

const ScenarioName = z.string().refine((name) => Object.hasOwn(SCENARIOS, name));
const Person = z.enum(['admin', 'writer', 'triage', 'outsider']);

/** Git's modes of files that a repository is seeded with. */
export const SeedMode = z.enum(['100644', '100755', '120000']);
const SeedFile = z.strictObject({ path: z.string().min(1), base64: z.base64(), mode: SeedMode });

const ScriptedAnswer = z.strictObject({
  text: z.string(),
  calls: z.array(z.strictObject({ tool: z.enum(TOOLS), input: z.record(z.string(), z.unknown()) })),
});

/** `PUT /world`: starts GitHub and the model, once. */
export const StartWorld = z.strictObject({
  /** The App's key in PEM, which the bot holds too. */
  appPrivateKey: z.string().min(1),
  webhook: z.strictObject({ url: z.url(), secret: z.string().min(16) }),
  repositories: z.array(
    z.strictObject({
      name: z.string().min(1),
      files: z.array(SeedFile),
      firstIssueNumber: z.int().positive(),
    }),
  ),
  /** Whose answers the model gives. */
  scenario: ScenarioName,
  /** Scenarios of single conversations, by a text that only theirs holds. */
  scenarios: z.record(z.string().min(1), ScenarioName).default({}),
  /** The same with answers written down. */
  scripts: z.record(z.string().min(1), z.array(ScriptedAnswer)).default({}),
});
export type StartWorld = z.infer<typeof StartWorld>;

/** `POST /issues`: opens an issue, and labels it where a label is named. Answers `Opened`. */
export const OpenIssue = z.strictObject({
  repository: z.string(),
  title: z.string(),
  body: z.string(),
  as: Person.default('writer'),
  label: z.string().nullable(),
});
export type OpenIssue = z.infer<typeof OpenIssue>;
export const Opened = z.object({ number: z.int() });

/** `POST /comments`. */
export const AddComment = z.strictObject({
  repository: z.string(),
  number: z.int(),
  as: Person.default('writer'),
  body: z.string(),
});
export type AddComment = z.infer<typeof AddComment>;

/** `POST /github/faults`: the next requests that match fail; `path` is a regular expression. */
export const GithubFault = z.strictObject({
  method: z.string().optional(),
  path: z.string(),
  times: z.int().positive().optional(),
  when: z.enum(['before', 'after']).optional(),
  status: z.int(),
});
export type GithubFault = z.infer<typeof GithubFault>;

/** `POST /model/faults`: the next call of the model fails so. */
export const ModelFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('status'), status: z.int() }),
  z.strictObject({ kind: z.literal('cut') }),
  z.strictObject({ kind: z.literal('slow'), perEventMs: z.int().positive() }),
]);
export type ModelFault = z.infer<typeof ModelFault>;

/** `POST /holds`: the `nth` request that matches waits until the hold is deleted. Answers `Held`. */
export const OpenHold = z.strictObject({
  side: z.enum(['github', 'model']),
  /** `answer`: the effect is there, and who asked does not know. `stream`: half of an answer's beginning came. */
  on: z.enum(['request', 'answer', 'stream']).default('request'),
  method: z.string(),
  /** A regular expression. */
  path: z.string(),
  /** What its body has to hold. */
  text: z.string().default(''),
  nth: z.int().positive().default(1),
});
export type OpenHold = z.infer<typeof OpenHold>;
export const Held = z.object({ id: z.string() });
/** `GET /holds/ID`. */
export const HoldState = z.object({ reached: z.boolean() });

/** `GET /world`: 404 before it was started. */
export const WorldView = z.object({
  host: HostView,
  /** Usage of every answer of the model that was begun: what a real one would bill. */
  billed: z.array(z.unknown()),
  /** How the App answered each webhook, newest first. */
  deliveries: z.array(
    z.object({ event: z.string(), action: z.string().nullable(), statusCode: z.int(), status: z.string() }),
  ),
});
export type WorldView = z.infer<typeof WorldView>;

/** `GET /model/requests`: bodies of the model's calls, in order. */
export const ModelRequests = z.array(z.unknown());
