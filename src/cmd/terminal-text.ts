/** Foreign text on a terminal: control characters (escape sequences above all) are shown, never obeyed. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach the terminal
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Keeps tabs and line breaks; everything else that a terminal would act on becomes `\x1b` and the like. */
export function terminalText(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
