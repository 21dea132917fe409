/**
 * Fences for text from outside: each block stands between two lines that carry an id which its author cannot know
 * (INC-02: a comment that forges a "trusted section" stays inside). The ids change with every round and block.
 */
import { createHmac } from 'node:crypto';
import type { UntrustedBlock } from '../../result/contract/phase-spec.ts';

/** A block between its fences. `index` counts blocks within the round. */
export function fenceText(nonce: string, index: number, block: UntrustedBlock): string {
  const id = fenceId(nonce, index);
  const label = oneLine(block.label);
  const text = visible(block.text).replaceAll(id, '[removed]');
  return [`<untrusted id="${id}" label="${label}">`, text, `</untrusted id="${id}">`].join('\n');
}

/** 32 hex digits from the round's nonce and the block's number. */
export function fenceId(nonce: string, index: number): string {
  return createHmac('sha256', nonce).update(`glovebox fence ${index}`).digest('hex').slice(0, 32);
}

/**
 * Text as a person would see it: zero-width, bidi, tag, variation-selector and control characters are taken out until
 * nothing more goes (INC-15). Tabs and newlines stay.
 */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(controls, '')
    .replace(/\p{Cf}|[\u{fe00}-\u{fe0f}\u{e0000}-\u{e0fff}\u115f\u1160\u3164\uffa0]/gu, '');
}

function oneLine(label: string): string {
  return visible(label)
    .replace(/["<>\n]/g, ' ')
    .slice(0, 200);
}
