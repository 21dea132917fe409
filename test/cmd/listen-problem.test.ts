import { expect, it } from 'vitest';
import { listenProblem } from '../../src/cmd/listen-problem.ts';

function listenError(code: string): Error {
  return Object.assign(new Error(`listen ${code}`), {
    code,
    syscall: 'listen',
    address: '127.0.0.1',
    port: 80,
  });
}

it.each([
  ['EADDRINUSE', 'it is in use'],
  ['EACCES', 'this user may not'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
])('says of %s where it was, why, and what can be named instead', (code, why) => {
  expect(listenProblem(listenError(code))).toMatch(
    `Cannot listen on '127.0.0.1:80': ${why}. Name another with`,
  );
});

it.each([
  ['an unknown code', listenError('EIO')],
  ['another call', Object.assign(new Error('connect'), { code: 'EADDRINUSE', syscall: 'connect' })],
  ['what is no error', 'EADDRINUSE'],
])('leaves %s to be reported whole', (_name, error) => expect(listenProblem(error)).toBeNull());
