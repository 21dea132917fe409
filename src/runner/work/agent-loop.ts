/**
 * The agent's loop: ask the model, run its calls, keep the work, until it is done or a limit is reached. Every end keeps
 * what was made; why it ended is one word.
 */
import type { Message, MessageParam, TextBlockParam, ToolUnion } from '@anthropic-ai/sdk/resources/messages';
import type { WorkEnd } from '../../result/contract/gateway-api.ts';
import { withBreakpoints } from './cache-breakpoints.ts';
import { assistantMessage, resultsMessage, textOf, weightOf } from './conversation.ts';
import type { ModelAnswer, ModelClient, NoAnswer, NoMessage } from './model-client.ts';
import type { Tool } from './tools/tool.ts';
import { runCalls } from './tools/tool-set.ts';
import { trimContext } from './trim-context.ts';

/** What the loop needs. */
export interface AgentLoopDeps {
  readonly model: ModelClient;
  readonly tools: readonly Tool[];
  readonly system: string;
  /** Aborts when the round's time is up or we are told to stop. */
  readonly signal: AbortSignal;
  onStep(text: string): void;
  /** Called after each turn that may have touched files; answers a note for the agent, or null. */
  keepWork(): Promise<string | null>;
}

/** Bounds of one round. */
export interface AgentLimits {
  readonly modelId: string;
  readonly maxOutputTokens: number;
  readonly contextTokens: number;
  readonly maxTurns: number;
}

/** How the loop ended. `closed` in place of a `WorkEnd`: the gateway takes nothing more of this round. */
export interface AgentEnd {
  readonly end: WorkEnd | 'closed';
  readonly narrative: string;
  readonly turns: number;
}

/** Where trimming starts, and how far it goes, in shares of what the context has room for. */
const FULL = 0.85;
const AFTER_TRIM = 0.5;
const CHARACTERS_PER_TOKEN = 3.5;
const CUT = 'Your answer was cut at its limit of output tokens, calls included. Go on in smaller steps.';

/** Runs until an end. `messages` starts with a user turn; the array is not changed. */
export async function runAgentLoop(
  deps: AgentLoopDeps,
  limits: AgentLimits,
  messages: readonly MessageParam[],
): Promise<AgentEnd> {
  let conversation = [...messages];
  let narrative = '';
  for (let turn = 1; turn <= limits.maxTurns; turn++) {
    const asked = await ask(deps, limits, conversation);
    conversation = asked.conversation;
    if ('none' in asked.answer) return stoppedAt(asked.answer, narrative, turn - 1);
    const { message } = asked.answer;
    narrative = textOf(message.content) || narrative;
    const next = await takeTurn(deps, message);
    if ('end' in next) return { end: next.end, narrative: next.narrative ?? narrative, turns: turn };
    conversation.push(...next.messages);
    conversation = makeRoom(limits, conversation, message);
  }
  return { end: 'turn-limit', narrative, turns: limits.maxTurns };
}

/** Asks once; when the conversation is too long, drops what can be dropped and asks again. */
async function ask(
  deps: AgentLoopDeps,
  limits: AgentLimits,
  messages: MessageParam[],
): Promise<{ answer: ModelAnswer; conversation: MessageParam[] }> {
  for (let conversation = messages; ; ) {
    const answer = await deps.model.call(requestOf(deps, limits, conversation), deps.signal);
    if (!('none' in answer) || answer.none !== 'overflow') return { answer, conversation };
    const trimmed = trimContext(conversation, totalWeight(conversation) * (1 - AFTER_TRIM));
    if (trimmed.dropped === 0) return { answer, conversation };
    conversation = trimmed.messages;
  }
}

function requestOf(deps: AgentLoopDeps, limits: AgentLimits, messages: MessageParam[]) {
  const system: TextBlockParam[] = [{ type: 'text', text: deps.system }];
  const tools: ToolUnion[] = deps.tools.map((tool) => tool.definition);
  return {
    model: limits.modelId,
    max_tokens: limits.maxOutputTokens,
    ...withBreakpoints({ system, tools, messages }),
  };
}

type Next =
  | { readonly end: WorkEnd; readonly narrative?: string }
  | { readonly messages: readonly MessageParam[] };

async function takeTurn(deps: AgentLoopDeps, message: Message): Promise<Next> {
  switch (message.stop_reason) {
    case 'tool_use':
      return answerCalls(deps, message);
    case 'pause_turn':
      return { messages: [assistantMessage(message.content)] };
    case 'refusal':
      return { end: 'refused' };
    case 'max_tokens':
    case 'model_context_window_exceeded': {
      // A call that was cut has half an input: none of them is run.
      const words = message.content.filter((block) => block.type !== 'tool_use');
      return {
        messages: [assistantMessage(words), { role: 'user', content: [{ type: 'text', text: CUT }] }],
      };
    }
    default:
      return { end: 'end-of-turn' };
  }
}

async function answerCalls(deps: AgentLoopDeps, message: Message): Promise<Next> {
  const turn = await runCalls(deps.tools, message.content, { signal: deps.signal, onStep: deps.onStep });
  const note = turn.touchedFiles ? await deps.keepWork() : null;
  if (turn.finished !== null && note === null) return { end: 'finished', narrative: turn.finished };
  const notes = note === null ? [] : [note];
  return { messages: [assistantMessage(message.content), resultsMessage(turn.results, notes)] };
}

/** Trims before the context is full, measured by what the last answer was charged for. */
function makeRoom(limits: AgentLimits, messages: MessageParam[], last: Message): MessageParam[] {
  const { usage } = last;
  const used =
    usage.input_tokens +
    (usage.cache_read_input_tokens ?? 0) +
    (usage.cache_creation_input_tokens ?? 0) +
    usage.output_tokens +
    weightOf(messages.at(-1) ?? { role: 'user', content: '' }) / CHARACTERS_PER_TOKEN;
  const room = limits.contextTokens - limits.maxOutputTokens;
  if (used < room * FULL) return messages;
  return trimContext(messages, (used - room * AFTER_TRIM) * CHARACTERS_PER_TOKEN).messages;
}

function totalWeight(messages: readonly MessageParam[]): number {
  return messages.reduce((sum, message) => sum + weightOf(message), 0);
}

/** What the model's side said last belongs to the narrative: without it nobody learns why the work ends here. */
function stoppedAt({ none, detail }: NoMessage, narrative: string, turns: number): AgentEnd {
  const words = none === 'failed' ? [narrative, `No answer from the model: ${detail}`] : [narrative];
  return { end: endOf(none), narrative: words.filter((part) => part !== '').join('\n\n'), turns };
}

function endOf(none: NoAnswer): AgentEnd['end'] {
  switch (none) {
    case 'budget':
    case 'failed':
    case 'closed':
      return none;
    case 'overflow':
      return 'context';
    case 'stopped':
      return 'time-limit';
  }
}
