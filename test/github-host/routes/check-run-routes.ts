/** Check runs with GitHub's limits: 50 annotations a request (appended), 65,535 characters, 3 buttons, a commit that exists. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { forward } from '../forward.ts';
import { findCommit } from '../git-objects.ts';
import type { HostEnv, HostState } from '../host-state.ts';
import type { CheckRunRow } from '../store.ts';
import { openRepo, paging, problem } from './app-routes.ts';

const Text = z.string().max(65_535);
const Annotation = z.looseObject({
  path: z.string().min(1),
  start_line: z.int(),
  end_line: z.int(),
  annotation_level: z.enum(['notice', 'warning', 'failure']),
  message: z.string().min(1).max(65_536),
});
const Body = z.looseObject({
  head_sha: z.string().optional(),
  status: z.string().optional(),
  conclusion: z.string().optional(),
  output: z
    .looseObject({
      title: z.string().min(1),
      summary: Text,
      text: Text.optional(),
      annotations: z.array(Annotation).max(50).optional(),
    })
    .optional(),
  actions: z
    .array(
      z.looseObject({
        label: z.string().max(20),
        description: z.string().max(40),
        identifier: z.string().max(20),
      }),
    )
    .max(3)
    .optional(),
});
const Answer = z.looseObject({ id: z.int(), output: z.looseObject({}) });

/** Registers the routes. */
export function checkRunRoutes(app: Hono<HostEnv>, state: HostState): void {
  app.post('/repos/:owner/:repo/check-runs', (c) => write(c, state));
  app.patch('/repos/:owner/:repo/check-runs/:id', (c) => write(c, state));
  app.get('/repos/:owner/:repo/check-runs/:id/annotations', (c) => {
    const opened = openRepo(c, state, { permission: 'checks', level: 'read' });
    if ('denied' in opened) return opened.denied;
    const run = state.store.checkRuns.get(Number(c.req.param('id')));
    if (run?.repo_id !== opened.repo.id) return problem(c, 404, 'Not Found');
    const { page, perPage } = paging(c);
    return c.json(run.output.annotations.slice((page - 1) * perPage, page * perPage));
  });
}

async function write(c: Context<HostEnv>, state: HostState): Promise<Response> {
  if (c.get('actor').kind !== 'installation')
    return problem(c, 403, 'You must authenticate via a GitHub App.');
  const opened = openRepo(c, state, { permission: 'checks', level: 'write' });
  if ('denied' in opened) return opened.denied;
  const body = Body.safeParse(c.get('json'));
  if (!body.success)
    return problem(
      c,
      422,
      `Invalid request. ${body.error.issues[0]?.path.join('.')}: ${body.error.issues[0]?.message}`,
    );
  const { head_sha: sha, conclusion } = body.data;
  if (sha !== undefined && !findCommit(state.store, opened.repo, sha))
    return problem(c, 422, `No commit found for SHA: ${sha}`);
  const before = state.store.checkRuns.get(Number(c.req.param('id') ?? '0'));
  const answer = await forward(
    c,
    state,
    conclusion === undefined ? body.data : { ...body.data, status: 'completed' },
  );
  if (!answer.ok) return answer;
  const data = Answer.parse(await answer.json());
  const count = keepAnnotations(state, { id: data.id, before, added: body.data.output?.annotations ?? [] });
  const status = answer.status === 201 ? 201 : 200;
  return c.json({ ...data, output: { ...data.output, annotations_count: count } }, status);
}

/** The emulator replaces annotations and drops some of their fields; GitHub appends whole ones. */
function keepAnnotations(
  state: HostState,
  run: { readonly id: number; readonly before: CheckRunRow | undefined; readonly added: readonly unknown[] },
): number {
  const row = state.store.checkRuns.get(run.id);
  if (!row) return 0;
  const annotations = [...(run.before?.output.annotations ?? []), ...run.added];
  const output = { ...row.output, annotations, annotations_count: annotations.length };
  state.store.checkRuns.update(run.id, { app_id: state.app.id, output });
  return annotations.length;
}
