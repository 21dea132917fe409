/** What the doctor says of the model upstream, and that it sends nothing that costs. */
import { describe, expect, it } from 'vitest';
import { warns } from '../../../../src/cmd/doctor/check.ts';
import { modelUpstreamCheck, type UpstreamEnv } from '../../../../src/cmd/doctor/here/model-upstream.ts';

const KEY = 'sk-ant-api03-the-key-of-this-suite-0123456789';
const ENV: UpstreamEnv = {
  anthropicApiKey: KEY,
  anthropicBaseUrl: 'https://models.example.com',
  replayTask: null,
};

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly key: string | null;
}

async function findings(env: UpstreamEnv, answer: number | Error, isElsewhere = false) {
  const sent: Sent[] = [];
  const check = modelUpstreamCheck({
    read: () => env,
    keyIsElsewhere: isElsewhere ? warns('the key is elsewhere', 'look there') : null,
    fetch: async (input, init) => {
      const { method, url, headers } = new Request(input, init);
      sent.push({ method, url, key: headers.get('x-api-key') });
      if (answer instanceof Error) throw answer;
      return new Response('{}', { status: answer });
    },
  });
  const found = await check.run(new AbortController().signal);
  return { says: found.map(({ state, text }) => [state, text]), sent };
}

describe('what is said of an upstream', () => {
  it.each<{ name: string; env?: Partial<UpstreamEnv>; answer: number | Error; says: [string, string] }>([
    { name: 'that takes the key', answer: 200, says: ['ok', 'models.example.com answers, key accepted'] },
    {
      name: 'of one’s own without a key',
      env: { anthropicApiKey: null },
      answer: 200,
      says: ['ok', 'models.example.com answers, no key is set'],
    },
    {
      name: 'that refuses the key',
      answer: 401,
      says: ['fails', 'models.example.com answered 401: the key is refused'],
    },
    {
      name: 'that wants a key',
      env: { anthropicApiKey: null },
      answer: 401,
      says: ['fails', 'models.example.com answered 401: no key is set'],
    },
    {
      name: 'that lists no models',
      answer: 404,
      says: ['warns', 'models.example.com answers, and lists no models: the key was not tried'],
    },
    { name: 'that is overloaded', answer: 529, says: ['warns', 'models.example.com answered 529'] },
    {
      name: 'that is away',
      answer: new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }),
      says: ['fails', 'models.example.com does not answer: fetch failed (connect ECONNREFUSED)'],
    },
  ])('$name', async ({ env, answer, says }) => {
    expect((await findings({ ...ENV, ...env }, answer)).says).toEqual([says]);
  });

  it('that is a recorded task: nothing is asked', async () => {
    const { says, sent } = await findings({ ...ENV, replayTask: '7k2m9q' }, 200);
    expect([says, sent]).toEqual([[['warns', 'recorded answers of task 7k2m9q stand in for a model']], []]);
  });

  it('whose key is in another pod: said, never guessed', async () => {
    const { says, sent } = await findings({ ...ENV, anthropicApiKey: null }, 200, true);
    expect([says, sent]).toEqual([[['warns', 'the key is elsewhere']], []]);
  });
});

it('asks for the list of models, and for nothing else', async () => {
  const { sent } = await findings(ENV, 200);
  expect(sent).toEqual([{ method: 'GET', url: 'https://models.example.com/v1/models?limit=1', key: KEY }]);
});
