/** What the doctor says of clocks and of the admin's file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeAdmin } from '../../../../src/cmd/doctor/here/admin-file.ts';
import {
  type ClockReading,
  clockCheck,
  differenceOf,
  judgeClocks,
} from '../../../../src/cmd/doctor/here/clock.ts';
import { ROOT } from '../../../fixtures/run-process.ts';

const reading = (name: string, aheadMs: number, errorMs = 10): ClockReading => ({
  name,
  read: { aheadMs, errorMs },
});

describe('what is said of clocks', () => {
  it.each<{ name: string; readings: ClockReading[]; says: string[][] }>([
    {
      name: 'that agree',
      readings: [reading('database', 40), reading('GitHub', -900, 500)],
      says: [['ok', 'database, GitHub: within 2 s of here']],
    },
    {
      name: 'whose difference is no more than what we cannot know',
      readings: [reading('database', 2_400, 500)],
      says: [['ok', 'database: within 2 s of here']],
    },
    {
      name: 'one of which is off',
      readings: [reading('database', 40), reading('API server', -12_300)],
      says: [
        ['ok', 'database: within 2 s of here'],
        ['warns', 'API server is 12.3 s behind here'],
      ],
    },
    {
      name: 'one of which is far off',
      readings: [reading('GitHub', 61_000)],
      says: [['fails', 'GitHub is 61.0 s ahead of here']],
    },
    {
      name: 'one of which cannot be read',
      readings: [reading('database', 0), { name: 'GitHub', read: 'fetch failed' }],
      says: [
        ['ok', 'database: within 2 s of here'],
        ['warns', 'GitHub: fetch failed'],
      ],
    },
    {
      name: 'none of which is asked from here',
      readings: [{ name: 'database', read: null }],
      says: [['warns', 'no other clock can be read from here']],
    },
  ])('$name', ({ readings, says }) => {
    expect(judgeClocks(readings).map(({ state, text }) => [state, text])).toEqual(says);
  });

  it('that do not answer: the reason is a line, never silence', async () => {
    const check = clockCheck([{ name: 'GitHub', read: () => Promise.reject(new Error('fetch failed')) }]);
    const found = await check.run(new AbortController().signal);
    expect(found.map(({ state, text }) => [state, text])).toEqual([['warns', 'GitHub: fetch failed']]);
  });
});

it('takes the difference from the middle of the call and of the second', () => {
  const atMs = Date.parse('2026-11-21T14:05:02.000Z');
  const clock = { now: () => atMs + 200, sleep: async () => {} };
  expect(differenceOf('Sat, 21 Nov 2026 14:05:12 GMT', { atMs, clock })).toEqual({
    aheadMs: 10_400,
    errorMs: 600,
  });
  expect(differenceOf(null, { atMs, clock })).toBeNull();
  expect(differenceOf('soon', { atMs, clock })).toBeNull();
});

describe('what is said of the admin file', () => {
  const example = readFileSync(join(ROOT, 'glovebox.config.example.yml'), 'utf8');
  const from = 'glovebox.config.yml';

  it.each<{ name: string; text: string; isKubernetes: boolean; says: (string | RegExp)[][] }>([
    {
      name: 'that is valid',
      text: example,
      isKubernetes: false,
      says: [['ok', 'glovebox.config.yml: 1 template, 2 models']],
    },
    {
      name: 'with mistakes: each is a line',
      text: `${example}\nlable: agent\nattempts: 0\n`,
      isKubernetes: false,
      says: [
        ['fails', /Unknown key 'lable' in glovebox\.config\.yml/],
        ['fails', /Invalid attempts '0' in glovebox\.config\.yml/],
      ],
    },
    {
      name: 'that is no YAML',
      text: 'templates: [',
      isKubernetes: false,
      says: [['fails', /glovebox\.config\.yml/]],
    },
    {
      name: 'whose template does not run where sandboxes run',
      text: example,
      isKubernetes: true,
      says: [
        ['ok', 'glovebox.config.yml: 1 template, 2 models'],
        ['fails', "template 'node-24' has isolation 'bubblewrap', which does not run on Kubernetes"],
      ],
    },
  ])('$name', ({ text, isKubernetes, says }) => {
    const found = judgeAdmin({ text, from }, isKubernetes).map((finding) => [finding.state, finding.text]);
    expect(found).toHaveLength(says.length);
    expect(found).toEqual(
      expect.arrayContaining(
        says.map(([state, text]) => [state, text instanceof RegExp ? expect.stringMatching(text) : text]),
      ),
    );
  });
});
