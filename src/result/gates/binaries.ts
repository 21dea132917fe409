/** Gate "binaries": bytes that nobody can review line by line. */

import { textOf } from '../text-of.ts';
import type { GateFinding } from '../verdict.ts';
import { finding, type GateInput } from './gate.ts';

/** First bytes of what can run or hold what runs, by the words for it. */
const PROGRAMS: readonly (readonly [string, readonly number[]])[] = [
  ['an ELF program', [0x7f, 0x45, 0x4c, 0x46]],
  ['a Windows program', [0x4d, 0x5a]],
  ['a Mach-O program', [0xcf, 0xfa, 0xed, 0xfe]],
  ['a Mach-O program', [0xce, 0xfa, 0xed, 0xfe]],
  ['a Java class or Mach-O program', [0xca, 0xfe, 0xba, 0xbe]],
  ['a WebAssembly program', [0x00, 0x61, 0x73, 0x6d]],
  ['a zip or jar archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a gzip archive', [0x1f, 0x8b]],
  ['a bzip2 archive', [0x42, 0x5a, 0x68]],
  ['an xz archive', [0xfd, 0x37, 0x7a, 0x58]],
  ['a zstd archive', [0x28, 0xb5, 0x2f, 0xfd]],
  ['a 7z archive', [0x37, 0x7a, 0xbc, 0xaf]],
];

/** Programs and archives block; other binary files ask. */
export function binaries(input: GateInput): GateFinding[] {
  return input.changeSet.changes.flatMap(({ path, after }) => {
    if (after === null || after.mode === '120000' || textOf(after.bytes) !== null) return [];
    const program = PROGRAMS.find(([, magic]) => magic.every((byte, index) => after.bytes[index] === byte));
    if (program) return [finding('blocks', program[0], { path, code: 'gate-blocked' })];
    return [finding('asks', `a binary file of ${after.bytes.length} bytes`, { path })];
  });
}
