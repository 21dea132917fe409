import { describe, expect, it } from 'vitest';
import { seccompFilter } from '../../../../src/job/process-sandbox/bubblewrap/seccomp-filter.ts';

const ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const errno = (number: number) => 0x50000 | number;

interface Call {
  readonly arch: number;
  readonly number: number;
  readonly argument?: number;
}

/** Runs the filter as the kernel does: on the fields of `struct seccomp_data`. */
function judge(bytes: Uint8Array, call: Call): number {
  let accumulator = 0;
  for (let at = 0; at * 8 < bytes.length; at++) {
    const { code, ifTrue, ifFalse, value } = instruction(bytes, at);
    if (code === 0x06) return value;
    if (code === 0x20) accumulator = field(call, value);
    else at += holds(code, accumulator, value) ? ifTrue : ifFalse;
  }
  throw new Error('the filter ended without an answer');
}

function instruction(bytes: Uint8Array, at: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at * 8, 8);
  const [ifTrue, ifFalse] = [view.getUint8(2), view.getUint8(3)];
  return { code: view.getUint16(0, true), ifTrue, ifFalse, value: view.getUint32(4, true) };
}

function field(call: Call, offset: number): number {
  if (offset === 4) return call.arch;
  return offset === 0 ? call.number : (call.argument ?? 0);
}

function holds(code: number, left: number, right: number): boolean {
  return code === 0x15 ? left === right : left >= right;
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (name) => {
  const bytes = seccompFilter(name);
  const arch = ARCH[name];
  const socket = name === 'x64' ? 41 : 198;
  const socketpair = name === 'x64' ? 53 : 199;

  it.each([
    ['AF_UNIX', 1, ALLOW],
    ['AF_INET', 2, ALLOW],
    ['AF_INET6', 10, ALLOW],
    ['AF_NETLINK', 16, ALLOW],
    ['AF_PACKET', 17, errno(97)],
    ['AF_ALG', 38, errno(97)],
    ['AF_VSOCK', 40, errno(97)],
  ])('answers a socket of %s', (_family, argument, answer) => {
    expect(judge(bytes, { arch, number: socket, argument })).toBe(answer);
    expect(judge(bytes, { arch, number: socketpair, argument })).toBe(answer);
  });

  it.each(
    name === 'x64'
      ? [165, 166, 155, 250, 298, 321, 323, 308, 304]
      : [40, 39, 41, 219, 241, 280, 282, 268, 265],
  )('refuses call %i', (number) => {
    expect(judge(bytes, { arch, number })).toBe(errno(1));
  });

  it('says of io_uring that there is none', () => {
    for (const number of [425, 426, 427]) expect(judge(bytes, { arch, number })).toBe(errno(38));
  });

  it('lets all else pass', () => {
    for (const number of [0, 1, 59, 231, 435]) expect(judge(bytes, { arch, number })).toBe(ALLOW);
  });

  it('kills a caller of another architecture', () => {
    expect(judge(bytes, { arch: 0x40000003, number: 0 })).toBe(KILL);
  });
});

it('refuses the x32 numbers of x64, which would pass every comparison', () => {
  expect(judge(seccompFilter('x64'), { arch: ARCH.x64, number: 0x40000000 + 165 })).toBe(errno(38));
});
