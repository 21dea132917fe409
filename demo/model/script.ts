/** What stands in for the model: answers written down in order. A conversation's place in it is how often it was answered. */

/** The agent's tools. */
export const TOOLS = [
  'bash',
  'str_replace_based_edit_tool',
  'search_files',
  'search_content',
  'finish',
] as const;

/** A call of one of them. */
export interface ScriptedCall {
  readonly tool: (typeof TOOLS)[number];
  readonly input: Readonly<Record<string, unknown>>;
}

/** One answer: words, then tool calls; several calls stand in one turn, as real models do. */
export interface ScriptedAnswer {
  readonly text: string;
  readonly calls: readonly ScriptedCall[];
}

/** What the agent's tools said to the calls of the answer before, in their order. */
export interface ToolOutcome {
  readonly text: string;
  readonly isError: boolean;
}

/** An answer, or how it follows from what the tools said. */
export type ScriptStep = ScriptedAnswer | ((outcomes: readonly ToolOutcome[]) => ScriptedAnswer);

/** A scenario: its answers, and how the demo must end with it. */
export interface Scenario {
  readonly name: string;
  /** Shown by `--help`. */
  readonly about: string;
  /** The issue's file beside this folder. */
  readonly issueFile: string;
  readonly answers: readonly ScriptStep[];
  readonly expect: { readonly outcome: string; readonly conclusion: string | null };
}

/** The tool calls as one writes them down. */
export const bash = (command: string): ScriptedCall => ({ tool: 'bash', input: { command } });
export const view = (path: string): ScriptedCall => ({
  tool: 'str_replace_based_edit_tool',
  input: { command: 'view', path },
});
export const replace = (path: string, oldStr: string, newStr: string): ScriptedCall => ({
  tool: 'str_replace_based_edit_tool',
  input: { command: 'str_replace', path, old_str: oldStr, new_str: newStr },
});
export const create = (path: string, text: string): ScriptedCall => ({
  tool: 'str_replace_based_edit_tool',
  input: { command: 'create', path, file_text: text },
});
export const finish = (narrative: string): ScriptedCall => ({ tool: 'finish', input: { narrative } });
export const say = (text: string, ...calls: readonly ScriptedCall[]): ScriptedAnswer => ({ text, calls });
