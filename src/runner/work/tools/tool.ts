/** What a tool of the agent is, and what all of them share. */
import type { ToolUnion } from '@anthropic-ai/sdk/resources/messages';
import type { BoundedOutput } from './bounded-output.ts';

/** A tool's answer. `isError` is for the model only; nothing of ours fails with it. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError?: boolean;
  /** The agent is done; its account. */
  readonly finished?: string;
}

/** One tool. `run` never throws for bad input: it answers with a sentence that says what to do. */
export interface Tool {
  readonly name: string;
  readonly definition: ToolUnion;
  /** True when a call may have changed files. */
  readonly touchesFiles: boolean;
  /** One line for the status comment. */
  describe(input: unknown): string;
  run(input: unknown, signal: AbortSignal): Promise<ToolAnswer>;
}

/** What tools are built from. */
export interface ToolDeps {
  readonly workspace: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: BoundedOutput;
  readonly maxOutputBytes: number;
  readonly commandTimeoutMs: number;
}

/** An answer that tells the model what was wrong. */
export function problem(text: string): ToolAnswer {
  return { text, isError: true };
}
