/** POST /graphql: the two mutations that REST lacks (`updateRefs` with compare-and-set, marking a draft ready), and viewer. */
import type { Hono } from 'hono';
import { z } from 'zod';
import { findCommit, isAncestor } from '../git-objects.ts';
import { type Field, parseOperation, project } from '../graphql-parse.ts';
import { type HostEnv, type HostState, mayTouch } from '../host-state.ts';
import type { Actor } from '../identity.ts';
import { deleteRef, findRef, setRef } from '../refs.ts';
import type { RepoRow } from '../store.ts';
import { refRefusal } from './ref-rules.ts';

const Body = z.strictObject({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});
const Oid = z.string().regex(/^[0-9a-f]{40}$/, 'is not a valid GitObjectID');
const UpdateRefs = z.strictObject({
  clientMutationId: z.string().nullish(),
  repositoryId: z.string(),
  refUpdates: z
    .array(
      z.strictObject({
        name: z.string().startsWith('refs/'),
        afterOid: Oid,
        beforeOid: Oid.nullish(),
        force: z.boolean().nullish(),
      }),
    )
    .min(1),
});
type RefUpdate = z.infer<typeof UpdateRefs>['refUpdates'][number];
const MarkReady = z.strictObject({ clientMutationId: z.string().nullish(), pullRequestId: z.string() });

const ZERO = '0'.repeat(40);

/** A failure as GitHub writes it into `errors`. */
class GraphqlError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Registers the route. */
export function graphqlRoutes(app: Hono<HostEnv>, state: HostState): void {
  app.post('/graphql', (c) => {
    const actor = c.get('actor');
    if (actor.kind === 'anonymous')
      return c.json({ message: 'This endpoint requires you to be authenticated.' }, 401);
    const body = Body.safeParse(c.get('json'));
    if (!body.success)
      return c.json({ message: 'A query attribute must be specified and must be a string.' }, 400);
    return c.json(run(state, actor, body.data));
  });
}

function run(state: HostState, actor: Actor, body: z.infer<typeof Body>): Record<string, unknown> {
  try {
    const operation = parseOperation(body.query, body.variables ?? {});
    const entries = operation.fields.map((field) => [
      field.alias,
      project(answer(state, actor, field), field.fields),
    ]);
    return { data: Object.fromEntries(entries) };
  } catch (error) {
    const type = error instanceof GraphqlError ? { type: error.type } : {};
    const message = error instanceof Error ? error.message : String(error);
    return { data: null, errors: [{ ...type, message, path: [], locations: [] }] };
  }
}

function answer(state: HostState, actor: Actor, field: Field): unknown {
  if (field.name === 'viewer') return { login: actor.login };
  if (field.name === 'updateRefs') return updateRefs(state, actor, field.args['input']);
  if (field.name === 'markPullRequestReadyForReview') return markReady(state, actor, field.args['input']);
  throw new GraphqlError('undefinedField', `Field '${field.name}' doesn't exist on this type`);
}

function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new GraphqlError(
    'argumentLiteralsIncompatible',
    `Argument 'input' ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

function allow(state: HostState, actor: Actor, want: { repo: RepoRow; permission: string }): void {
  if (mayTouch(state, actor, { ...want, level: 'write' })) return;
  throw new GraphqlError('FORBIDDEN', 'Resource not accessible by integration');
}

/** All or nothing, as GitHub does it: every update is checked before the first is made. */
function updateRefs(state: HostState, actor: Actor, raw: unknown): unknown {
  const input = parseInput(UpdateRefs, raw);
  const repo = state.store.repos.findOneBy('node_id', input.repositoryId);
  if (!repo)
    throw new GraphqlError(
      'NOT_FOUND',
      `Could not resolve to a node with the global id of '${input.repositoryId}'`,
    );
  allow(state, actor, { repo, permission: 'contents' });
  for (const update of input.refUpdates) checkUpdate(state, actor, repo, update);
  for (const { name, afterOid } of input.refUpdates) {
    if (afterOid === ZERO) deleteRef(state.store, repo, name);
    else setRef(state.store, repo, { name, sha: afterOid });
  }
  return { clientMutationId: input.clientMutationId ?? null };
}

function checkUpdate(state: HostState, actor: Actor, repo: RepoRow, update: RefUpdate): void {
  const current = findRef(state.store, repo, update.name)?.sha ?? ZERO;
  if (update.beforeOid && update.beforeOid !== current)
    fail(`Reference update failed: ${update.name} is at ${current}, expected ${update.beforeOid}`);
  if (update.afterOid === ZERO) {
    checkDeletion(repo, update.name);
    return;
  }
  checkForward(state, repo, { ...update, current });
  const refusal = refRefusal(state, actor, { repo, name: update.name, sha: update.afterOid });
  if (refusal) fail(refusal.message);
}

function fail(message: string): never {
  throw new GraphqlError('UNPROCESSABLE', message);
}

function checkDeletion(repo: RepoRow, name: string): void {
  if (name === `refs/heads/${repo.default_branch}`) fail('The default branch cannot be deleted');
}

function checkForward(
  state: HostState,
  repo: RepoRow,
  update: RefUpdate & { readonly current: string },
): void {
  const { afterOid, current, name } = update;
  if (!findCommit(state.store, repo, afterOid)) fail(`Object ${afterOid} does not exist in this repository`);
  const pair = { ancestor: current, descendant: afterOid };
  if (current === ZERO || update.force === true || isAncestor(state.store, repo, pair)) return;
  fail(`Reference update failed: ${name} is not a fast-forward`);
}

function markReady(state: HostState, actor: Actor, raw: unknown): unknown {
  const input = parseInput(MarkReady, raw);
  const pull = state.store.pullRequests.findOneBy('node_id', input.pullRequestId);
  const repo = pull && state.store.repos.get(pull.repo_id);
  if (!pull || !repo)
    throw new GraphqlError(
      'NOT_FOUND',
      `Could not resolve to a node with the global id of '${input.pullRequestId}'`,
    );
  allow(state, actor, { repo, permission: 'pull_requests' });
  state.store.pullRequests.update(pull.id, { draft: false });
  return {
    clientMutationId: input.clientMutationId ?? null,
    pullRequest: { id: pull.node_id, number: pull.number, isDraft: false },
  };
}
