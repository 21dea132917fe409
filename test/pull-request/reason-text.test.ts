/** Faults of the platform in words: what happened, how often, where, and who can change it. */
import { describe, expect, it } from 'vitest';
import { reasonRemedy, reasonSentence } from '../../src/pull-request/reason-text.ts';
import { type Reason, ReasonCode } from '../../src/task/task.ts';

const sentence = (code: Reason['code'], values: Reason['values']) =>
  reasonSentence({ code, values, detail: null });

describe('a fault of the platform', () => {
  it.each([
    ['node-lost', 3, 'setup', 'yes', 'the node went away 3 times in setup.'],
    ['evicted', 4, 'work', 'yes', 'the node evicted the sandbox 4 times in work.'],
    ['pod-deleted', 4, 'work', 'yes', "somebody deleted the sandbox's pod 4 times in work."],
    ['start-failed', 4, 'start', 'yes', 'the sandbox could not be started 4 times before its first phase.'],
    ['unknown', 4, 'work', 'yes', 'the sandbox was lost 4 times in work.'],
    [
      'node-lost',
      4,
      'fetch',
      'no',
      'the sandbox was lost 4 times; the last time, in fetch, the node went away.',
    ],
    ['unknown', 4, 'work', 'no', 'the sandbox was lost 4 times; the last time, in work, nobody said why.'],
  ] as const)('%s, %i times in %s (alike: %s)', (cause, count, phase, alike, expected) => {
    expect(sentence('sandbox-lost', { cause, count, phase, alike })).toBe(expected);
  });

  it('names the image, and says "not found" only where the platform did', () => {
    const image = 'registry.example/node-24@sha256:9f00';
    expect(sentence('image-not-pulled', { image, state: 'missing' })).toBe(`image \`${image}\` not found.`);
    expect(sentence('image-not-pulled', { image, state: 'unpulled' })).toBe(
      `image \`${image}\` cannot be pulled; the reason is below.`,
    );
  });

  it('quotes a refusal escaped and cut, and sends the operator to the doctor', () => {
    const message = `admission webhook denied: <b>@octocat</b> ${'x'.repeat(500)}`;
    const text = sentence('sandbox-refused', { message });
    expect(text).toMatch(/^the sandbox was refused: admission webhook denied: &lt;b&gt;@&#8203;octocat&lt;/);
    expect(text).toMatch(/x\.\.\.$/);
    expect(text.length).toBeLessThan(400);
    expect(reasonRemedy({ code: 'sandbox-refused', values: { message }, detail: null }, 'agent')).toContain(
      '`glovebox doctor`',
    );
  });

  it('says how long a sandbox found no room, and why', () => {
    expect(
      sentence('no-room', { minutes: 31, message: '0/3 nodes are available: 3 Insufficient cpu.' }),
    ).toBe('the sandbox found no room for 31 min: 0/3 nodes are available: 3 Insufficient cpu.');
  });
});

describe('a remedy', () => {
  const remedy = (code: Reason['code'], label: string | null) =>
    reasonRemedy({ code, values: {}, detail: null }, label);

  it.each(ReasonCode.options)("of %s names the admin's label or none, never another", (code) => {
    const words = remedy(code, 'robot: please');
    expect(words).not.toContain('agent');
    if (words.includes('anew')) expect(words).toContain('set the label `robot: please` anew');
  });

  it('names no label where none is known', () => {
    expect(remedy('change-empty', null)).toBe('To try again, set the label anew.');
  });

  it('a label of code signs stays one', () => {
    expect(remedy('change-empty', 'a`b')).toBe('To try again, set the label ``a`b`` anew.');
  });
});
