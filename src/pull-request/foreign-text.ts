/**
 * Makes text from an issue, a repository, a model or a pod safe to post: escaped, without mentions, references, links or
 * hidden characters. Every builder in this folder passes foreign text through here; nothing else may.
 */

const HIDDEN = /\p{Default_Ignorable_Code_Point}|\p{Cf}|[\u2028\u2029]|(?![\t\n])\p{Cc}/gu;

/** Stands for a break while escaping; `visible` lets no control character through, so foreign text cannot hold one. */
const BREAK = '\u0001';

/** Zero-width space as an entity: breaks mentions and references without changing what is read. */
const BREAK_ENTITY = '&#8203;';

/** Prose: Markdown and HTML have no effect, nobody is mentioned, nothing is referenced or linked; line breaks stay. */
export function escapeProse(text: string): string {
  return visible(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*[\]|~$]/g, '\\$&')
    .replace(/(?<!\w)_|_(?!\w)/g, '\\_')
    .replace(/^(\s*)([#+=-])/gm, '$1\\$2')
    .replace(/^(\s*\d+)([.)])/gm, '$1\\$2')
    .replace(/@(?=\S)/g, `@${BREAK}`)
    .replace(/#(?=\d)/g, `#${BREAK}`)
    .replace(/\b(GH)-(?=\d)/gi, `$1-${BREAK}`)
    .replace(/:\/\//g, `:${BREAK}//`)
    .replace(/\bwww\./gi, (www) => `${www.slice(0, 3)}${BREAK}.`)
    .replaceAll(BREAK, BREAK_ENTITY);
}

/** One line of prose for a table cell or a sentence. */
export function escapeLine(text: string): string {
  return escapeProse(text.replace(/\s+/g, ' ').trim());
}

/** A code span that its content cannot leave; also safe inside a table. */
export function codeSpan(text: string): string {
  const line = visible(text).replace(/\s+/g, ' ').trim().replace(/\|/g, '\\|');
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A fenced block that its content cannot leave. */
export function codeBlock(text: string, language = ''): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${visible(text).replace(/\n$/, '')}\n${fence}`;
}

/** The agent's words, headed as such; nowhere else do they stand. */
export function agentQuote(text: string, maxCharacters: number): string {
  const quoted = cutText(escapeProse(text.trim()), maxCharacters)
    .split('\n')
    .map((line) => `> ${line}`.trimEnd());
  return `**Agent, not checked:**\n${quoted.join('\n')}`;
}

/** Plain text for titles and commit messages, where entities would show: mentions and references are spaced apart. */
export function plainLine(text: string): string {
  return visible(text)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/@(?=\S)/g, '@ ')
    .replace(/#(?=\d)/g, '# ')
    .replace(/\b(GH)-(?=\d)/gi, '$1- ');
}

/** Cuts at a character bound with a note of how much there was. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const note = ` (cut: ${maxCharacters} of ${text.length} characters; all in the transcript)`;
  return `${wellFormed(text.slice(0, Math.max(0, maxCharacters - note.length)))}${note}`;
}

/** Cuts a one-line text to a bound, ending in three dots. */
export function cutLine(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `${wellFormed(text.slice(0, maxCharacters - 3)).trimEnd()}...`;
}

function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(HIDDEN, '').toWellFormed();
}

function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.slice(0, -1).toWellFormed();
}
