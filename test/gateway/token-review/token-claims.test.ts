import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readTokenClaims } from '../../../src/gateway/token-review/token-claims.ts';

const JOB = 'gb-7k2m9q-work-9b8b9df18d';
const EXP = 1_800_000_000;

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function tokenOf(payload: unknown): string {
  return [encode({ alg: 'RS256' }), encode(payload), randomBytes(256).toString('base64url')].join('.');
}

const claims = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  aud: [`glovebox-work.${JOB}`],
  exp: EXP,
  'kubernetes.io': { namespace: 'glovebox-sandbox', pod: { name: 'p', uid: '0b1f' } },
  ...changes,
});

describe('what a token says about itself', () => {
  it.each(['fetch', 'setup', 'work', 'deliver'])('is read for phase %s', (phase) => {
    const audience = `glovebox-${phase}.${JOB}`;
    expect(readTokenClaims(tokenOf(claims({ aud: [audience] })))).toEqual({
      audience,
      phase,
      jobName: JOB,
      podUid: '0b1f',
      expiresAt: EXP * 1_000,
    });
  });

  it.each<[string, unknown]>([
    ['nothing of a pod', undefined],
    ['a pod of another form', { pod: 'p' }],
    ['a pod without uid', { pod: { name: 'p' } }],
  ])('names no pod where it says %s', (_, kubernetes) => {
    expect(readTokenClaims(tokenOf(claims({ 'kubernetes.io': kubernetes })))).toMatchObject({ podUid: null });
  });

  it.each<[string, unknown]>([
    ['the API server', ['https://kubernetes.default.svc']],
    ['us and another', [`glovebox-work.${JOB}`, 'other']],
    ['us twice', [`glovebox-work.${JOB}`, `glovebox-work.${JOB}`]],
    ['verify, which has no token', [`glovebox-verify.${JOB}`]],
    ['another phase', [`glovebox-root.${JOB}`]],
    ['no job', ['glovebox-work.']],
    ['a name that no job has', ['glovebox-work.gb-7k2m9q-work-9b8b9df18d-x']],
    ['a name in other letters', [`glovebox-work.${JOB.toUpperCase()}`]],
    ['a name with a line break', [`glovebox-work.${JOB}\n`]],
    ['something before it', [`x glovebox-work.${JOB}`]],
  ])('is foreign where it is for %s', (_, aud) => {
    expect(readTokenClaims(tokenOf(claims({ aud })))).toBe('audience-foreign');
  });

  it.each<[string, unknown]>([
    ['no audience', claims({ aud: undefined })],
    ['an empty list of them', claims({ aud: [] })],
    ['one that is no list', claims({ aud: `glovebox-work.${JOB}` })],
    ['one that is no text', claims({ aud: [7] })],
    ['no end', claims({ exp: undefined })],
    ['an end that is no time', claims({ exp: 'never' })],
    ['an end beyond all time', claims({ exp: 1e300 })],
    ['a list', []],
    ['null', null],
    ['no JSON', 'aud: glovebox'],
  ])('is malformed with %s', (_, payload) => {
    expect(readTokenClaims(tokenOf(payload))).toBe('token-malformed');
  });

  it.each<[string, (token: string) => string]>([
    ['two parts', (token) => token.split('.').slice(0, 2).join('.')],
    ['four parts', (token) => `${token}.x`],
    ['an empty part', (token) => token.replace(/[^.]+$/, '')],
    ['padding', (token) => `${token}==`],
    ['other letters', (token) => `${token}+`],
    ['a line break', (token) => `${token}\n`],
    ['more than any token has', (token) => token.replace(/^[^.]+/, encode('x'.repeat(4_000)))],
  ])('is malformed with %s', (_, spoil) => {
    expect(readTokenClaims(spoil(tokenOf(claims())))).toBe('token-malformed');
  });

  it('has one spelling: unused bits of the last character make no second token of it', () => {
    const token = tokenOf(claims());
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
      .map((last) => token.slice(0, -1) + last)
      .filter((other) => other !== token && bytesOf(other).equals(bytesOf(token)));
    expect(others.length).toBeGreaterThan(0);
    expect(others.map(readTokenClaims)).toEqual(others.map(() => 'token-malformed'));
  });
});

function bytesOf(token: string): Buffer {
  return Buffer.from(token.split('.')[2] ?? '', 'base64url');
}
