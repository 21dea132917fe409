/**
 * The system call filter given to `bwrap --seccomp`, as classic BPF: sockets of four families only (a network namespace
 * does not close AF_VSOCK), and no calls that mount, trace the kernel or reach keys. Linux on x64 and arm64.
 */

const COMMON = { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 } as const;

const ABI = {
  x64: {
    auditArch: 0xc000003e,
    socket: 41,
    socketpair: 53,
    denied: {
      ...COMMON,
      mount: 165,
      umount2: 166,
      pivot_root: 155,
      kexec_load: 246,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      perf_event_open: 298,
      open_by_handle_at: 304,
      setns: 308,
      bpf: 321,
      userfaultfd: 323,
    },
  },
  arm64: {
    auditArch: 0xc00000b7,
    socket: 198,
    socketpair: 199,
    denied: {
      ...COMMON,
      mount: 40,
      umount2: 39,
      pivot_root: 41,
      kexec_load: 104,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      perf_event_open: 241,
      open_by_handle_at: 265,
      setns: 268,
      bpf: 280,
      userfaultfd: 282,
    },
  },
} as const;

/** AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK (address lists of libuv and libc). */
const FAMILIES = [1, 2, 10, 16] as const;

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const RETURN = 0x06;
const KILL = 0x80000000;
const ALLOW = 0x7fff0000;
const fail = (errno: number) => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
/** Offsets in `struct seccomp_data`. */
const AT = { number: 0, arch: 4, firstArgument: 16 } as const;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** Architectures that have a filter; on others bubblewrap counts as missing. */
export function hasSeccompFilter(arch: string): arch is keyof typeof ABI {
  return Object.hasOwn(ABI, arch);
}

/** The filter's bytes, `struct sock_filter` after another, little-endian. */
export function seccompFilter(arch: keyof typeof ABI): Uint8Array {
  const abi = ABI[arch];
  return encode([
    [LOAD, 0, 0, AT.arch],
    [JUMP_EQUAL, 1, 0, abi.auditArch],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, AT.number],
    // x32 calls carry bit 30 and would pass a comparison with the x64 numbers.
    ...(arch === 'x64' ? denyFrom(0x40000000) : []),
    ...Object.entries(abi.denied).flatMap(([name, number]) =>
      deny(number, name.startsWith('io_uring') ? ENOSYS : EPERM),
    ),
    ...onlyFamilies(abi.socket),
    ...onlyFamilies(abi.socketpair),
    [RETURN, 0, 0, ALLOW],
  ]);
}

function denyFrom(number: number): readonly Instruction[] {
  return [
    [JUMP_GREATER_EQUAL, 0, 1, number],
    [RETURN, 0, 0, fail(ENOSYS)],
  ];
}

function deny(number: number, errno: number): readonly Instruction[] {
  return [
    [JUMP_EQUAL, 0, 1, number],
    [RETURN, 0, 0, fail(errno)],
  ];
}

function onlyFamilies(call: number): readonly Instruction[] {
  const count = FAMILIES.length;
  return [
    [JUMP_EQUAL, 0, count + 3, call],
    [LOAD, 0, 0, AT.firstArgument],
    ...FAMILIES.map((family, index): Instruction => [JUMP_EQUAL, count - index, 0, family]),
    [RETURN, 0, 0, fail(EAFNOSUPPORT)],
    [RETURN, 0, 0, ALLOW],
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}
