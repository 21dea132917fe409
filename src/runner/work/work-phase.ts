/**
 * work: lays out the tree, runs the agent, uploads as it goes, seals at the end. Whatever ends the loop, the last change
 * set and the narrative are handed over; only a gateway that closed the round gets nothing more. Who is stopped from
 * outside uploads and does not seal: the round goes on from there.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkSpec } from '../../result/contract/phase-spec.ts';
import { hasCode } from '../../shared/errors.ts';
import { applyChangeSet } from '../change-set/apply-change-set.ts';
import { takeBaseline } from '../change-set/collect-change-set.ts';
import type { GatewayClient } from '../gateway/gateway-client.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError, PhaseStoppedError } from '../phase-failed.ts';
import { copyTree } from '../process/copy-tree.ts';
import { endEverything } from '../process/end-everything.ts';
import { toolEnv } from '../process/tool-env.ts';
import { type AgentEnd, runAgentLoop } from './agent-loop.ts';
import { createModelClient } from './model-client.ts';
import { openingMessage } from './opening-message.ts';
import { resumeMessages } from './resume-messages.ts';
import { SYSTEM_PROMPT } from './system-prompt.ts';
import { BashSession } from './tools/bash-session.ts';
import { createBoundedOutput } from './tools/bounded-output.ts';
import type { ToolDeps } from './tools/tool.ts';
import { createTools } from './tools/tool-set.ts';
import { createUploads, type Uploads } from './uploads.ts';

/** What work needs besides the common. */
export interface WorkContext extends PhaseContext {
  readonly gateway: GatewayClient;
}

/** Time kept back for the last upload and the seal. */
const CLOSING_MS = 20_000;
const COMMAND_MS = 300_000;
const MODEL_PATIENCE_MS = 10 * 60_000;

/** Fails as `change-set-refused` where the tree cannot be carried in the end, `internal` without its folders. */
export async function runWork(context: WorkContext, spec: WorkSpec): Promise<void> {
  const { source, prepared } = context.layout;
  if (source === null || prepared === null) {
    throw new PhaseFailedError({ code: 'internal', message: 'work has no source or prepared folder.' });
  }
  await prepare(context, source, prepared);
  const baseline = await takeBaseline(source, prepared, spec.baseSha);
  if (spec.resume?.changeSet != null) applyChangeSet(prepared, spec.resume.changeSet.entries);
  const uploads = createUploads(context.gateway, baseline);
  const end = await withShell(context, spec, prepared, (session, tools) =>
    runAgent(context, spec, { session, tools, uploads, source, workspace: prepared }),
  );
  if (end.end === 'time-limit' && context.stop.aborted) return stopUnsealed(context, uploads);
  await seal(context, uploads, end);
}

/** After a limit the last upload counts: what a full disk holds is nobody's work. */
async function stopUnsealed(context: WorkContext, uploads: Uploads): Promise<never> {
  if (context.passedLimit() === null) await uploads.keep();
  throw new PhaseStoppedError();
}

/** Where no setup ran, the copy is made here. */
async function prepare(context: WorkContext, source: string, prepared: string): Promise<void> {
  mkdirSync(prepared, { recursive: true });
  if (readdirSync(prepared).length > 0) return;
  context.report.fact({ copy: await copyTree(source, prepared) });
}

/** Gives the agent a shell, and ends it with everything that was started, before the last look at the tree. */
async function withShell<T>(
  context: WorkContext,
  spec: WorkSpec,
  workspace: string,
  use: (session: BashSession, tools: ToolDeps) => Promise<T>,
): Promise<T> {
  const { layout, clock } = context;
  const id = Buffer.from(context.random(8)).toString('hex');
  const env = { ...toolEnv(layout), GLOVEBOX_ROUND: id };
  const sessions: number[] = [];
  const ours = { mark: `GLOVEBOX_ROUND=${id}`, sessions, folders: [workspace] };
  const scratch = join(layout.tmp, 'glovebox');
  const { outputBytes } = spec.limits;
  const session = new BashSession({
    workspace,
    scratch,
    env,
    maxOutputBytes: outputBytes,
    killRest: async () => void (await endEverything(clock, ours)),
    onStart: (pid) => sessions.push(pid),
  });
  const output = createBoundedOutput(scratch);
  try {
    const tools = { workspace, env, output, maxOutputBytes: outputBytes, commandTimeoutMs: COMMAND_MS };
    return await use(session, tools);
  } finally {
    await session.restart();
  }
}

interface Agent {
  readonly session: BashSession;
  readonly tools: ToolDeps;
  readonly uploads: Uploads;
  readonly source: string;
  readonly workspace: string;
}

async function runAgent(context: WorkContext, spec: WorkSpec, agent: Agent): Promise<AgentEnd> {
  const { layout, clock, report } = context;
  const deadline = AbortSignal.timeout(Math.max(1_000, spec.limits.wallClockMs - CLOSING_MS));
  const signal = AbortSignal.any([deadline, context.stop]);
  const tools = createTools(agent.tools, agent.session);
  const model = createModelClient({
    target: layout.gateway,
    tokenFile: layout.tokenFile,
    clock,
    giveUpMs: MODEL_PATIENCE_MS,
  });
  const names = tools.map((tool) => tool.name);
  const opening = openingMessage(spec, agent.source, agent.workspace);
  const messages = resumeMessages(spec.resume?.messages ?? [], names, opening);
  const deps = {
    model,
    tools,
    system: SYSTEM_PROMPT,
    signal,
    onStep: (text: string) => report.step(text),
    keepWork: () => agent.uploads.keep(),
  };
  const limits = {
    modelId: spec.model,
    maxOutputTokens: spec.maxOutputTokens,
    contextTokens: spec.contextTokens,
    maxTurns: spec.maxTurns,
  };
  try {
    return await runAgentLoop(deps, limits, messages);
  } catch (error) {
    if (hasCode(error, 'phase-closed') || hasCode(error, 'unauthenticated')) {
      return { end: 'closed', narrative: '', turns: 0 };
    }
    throw error;
  }
}

/** A seal whose answer was lost is answered `phase-closed` the second time: it stands. */
async function seal(context: WorkContext, uploads: Uploads, { end, narrative }: AgentEnd): Promise<void> {
  if (end === 'closed') return;
  context.report.step('handing over');
  try {
    const digest = await uploads.final();
    await context.gateway.seal({ digest, narrative: narrative.toWellFormed().slice(0, 20_000), end });
  } catch (error) {
    if (!hasCode(error, 'phase-closed') && !hasCode(error, 'unauthenticated')) throw error;
  }
}
