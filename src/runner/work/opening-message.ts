/** The first user message of a round: the task, the repository's guidance from the base commit, the fenced text. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkSpec } from '../../result/contract/phase-spec.ts';
import { fenceText } from './fence-text.ts';

/** Bytes of one instruction file that are read; what is longer is cut with a note. */
const MAX_GUIDANCE_BYTES = 32_000;
/** A resumed conversation already holds the guidance; only what is new is said. */
const RESUMED = 'This goes on from the conversation above; its change is already in the working tree.';

/** Builds the text. `source` is the base commit's tree: never the workspace, which the agent can write (INC-06). */
export function openingMessage(spec: WorkSpec, source: string, workspace: string): string {
  const resumed = (spec.resume?.messages.length ?? 0) > 0;
  const guidance = resumed ? [] : spec.instructionFiles.flatMap((path) => guidanceBlock(spec, source, path));
  const facts = [
    resumed ? RESUMED : 'Resolve the issue below.',
    `The repository is at ${workspace}, its base commit is ${spec.baseSha.slice(0, 12)}.`,
    `Checks that will judge the change: ${spec.checks.map((check) => `\`${check.run}\``).join(', ') || 'none'}.`,
    ...(spec.protectedPaths.length === 0
      ? []
      : [`A change to one of these paths is refused: ${spec.protectedPaths.join(', ')}.`]),
  ];
  const blocks = spec.untrusted.map((block, index) => fenceText(spec.nonce, index, block));
  return [facts.join('\n'), ...guidance, ...blocks].join('\n\n');
}

function guidanceBlock(spec: WorkSpec, source: string, path: string): string[] {
  const text = readInside(source, path);
  if (text === null || text.trim() === '') return [];
  const index = 10_000 + spec.instructionFiles.indexOf(path);
  return [
    `Guidance from the repository, as of the base commit:\n${fenceText(spec.nonce, index, { label: path, text })}`,
  ];
}

/** A regular file under `root`, links resolved; null for everything else. */
function readInside(root: string, path: string): string | null {
  try {
    const real = realpathSync(join(root, path));
    if (!real.startsWith(`${realpathSync(root)}/`) || real.startsWith(`${realpathSync(root)}/.git/`))
      return null;
    const fd = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(fd);
      const buffer = Buffer.alloc(Math.min(size, MAX_GUIDANCE_BYTES));
      const text = buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0)).toString('utf8');
      return size > buffer.length ? `${text}\n[cut: ${buffer.length} of ${size} bytes]` : text;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
