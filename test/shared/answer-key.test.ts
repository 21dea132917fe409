/** A text for one reader: only the key's holder reads it, and nobody changes it unseen. */
import { describe, expect, it } from 'vitest';
import { newAnswerKey, sealTo } from '../../src/shared/answer-key.ts';
import { systemRandom } from '../../src/shared/ids.ts';

describe('a sealed answer', () => {
  const key = newAnswerKey(systemRandom);
  const text = 'eyJ'.repeat(400);

  it('is read by the holder of the key', () => {
    expect(key.open(sealTo(key.publicKey, text, systemRandom))).toBe(text);
  });

  it('shows nothing of the text, and never looks the same', () => {
    const sealed = sealTo(key.publicKey, text, systemRandom);
    expect(sealed).not.toContain('eyJeyJ');
    expect(sealTo(key.publicKey, text, systemRandom)).not.toBe(sealed);
    expect(sealed.length).toBeLessThan(text.length * 1.34 + 400);
  });

  it.each([
    ['another key', (sealed: string) => newAnswerKey(systemRandom).open(sealed)],
    ['a changed text', (sealed: string) => key.open(`${sealed.slice(0, -2)}AA`)],
    ['half of it', (sealed: string) => key.open(sealed.split('.')[0] ?? '')],
    ['nothing', () => key.open('')],
  ])('is refused with %s', (_name, open) => {
    expect(() => open(sealTo(key.publicKey, text, systemRandom))).toThrow();
  });
});
