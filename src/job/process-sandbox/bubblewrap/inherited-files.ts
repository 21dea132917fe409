/**
 * Open files that whoever started us left open for our children: Node closes only the low ones, bwrap none, and one of
 * them could be anything (a terminal, a pipe of another program). The command inside closes them before the runner begins.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { INSIDE } from '../phase-layout.ts';

const CLOSE_ON_EXEC = 0o2000000;

/** Replaces itself by the command after the numbers; Node opens its own files with close-on-exec. */
const CLOSING_SCRIPT = [
  'const [fds, ...argv] = process.argv.slice(1);',
  "for (const fd of fds.split(',')) try { require('node:fs').closeSync(Number(fd)); } catch {}",
  'process.execve(argv[0], argv, process.env);',
].join(' ');

/** The command before the others, or nothing where nothing is inherited. */
export function closingCommand(fds: readonly number[]): readonly string[] {
  if (fds.length === 0) return [];
  return [INSIDE.node, '--no-warnings', '-e', CLOSING_SCRIPT, fds.join(',')];
}

/** Our open files above standard error that a child would get. */
export function inheritedFiles(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(fd));
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return (Number.parseInt(flags ?? '0', 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}
