/**
 * Reads what a git client asks of `git-upload-pack` and builds the request that goes to GitHub anew: protocol v2 hands out
 * any object by its id, hidden refs and foreign branches included, so nothing of the client's bytes is passed on.
 */
import { DELIMITER, FLUSH, parseCommandRequest, pktLine } from './pkt-line.ts';

/** What was asked and is allowed; `refused` says in a few words of ours what was not. */
export type UploadPackRequest =
  | { readonly command: 'ls-refs' }
  | { readonly command: 'fetch'; readonly upstreamBody: Buffer }
  | { readonly command: 'refused'; readonly reason: string };

const CAPABILITY = /^(command=(ls-refs|fetch)|agent=[\x21-\x7e]{0,200}|object-format=(sha1|sha256))$/;
const LS_REFS_ARGUMENT = /^(peel|symrefs|unborn|ref-prefix [\x21-\x7e]{1,200})$/;
/** `include-tag` is taken and dropped: a tag could carry other objects. */
const FETCH_ARGUMENTS: ReadonlySet<string> = new Set([
  'thin-pack',
  'no-progress',
  'include-tag',
  'ofs-delta',
  'deepen 1',
  'done',
]);

/** Git's name for the hash of an object id. */
export function objectFormat(sha: string): 'sha1' | 'sha256' {
  return sha.length === 64 ? 'sha256' : 'sha1';
}

/**
 * Judges one request body. A fetch must want the recorded commit and nothing else (git repeats the line per ref), one
 * commit deep, without negotiation.
 */
export function readUploadPackRequest(body: Uint8Array, baseSha: string): UploadPackRequest {
  const request = parseCommandRequest(body);
  if (!request) return refused('not one command request');
  const { capabilities, args } = request;
  if (!capabilities.every((line) => CAPABILITY.test(line))) return refused('capability');
  const formats = capabilities.filter((line) => line.startsWith('object-format='));
  if (formats.some((line) => line !== `object-format=${objectFormat(baseSha)}`))
    return refused('object format');
  const commands = capabilities.filter((line) => line.startsWith('command='));
  if (commands.length !== 1) return refused('not one command');
  return commands[0] === 'command=ls-refs' ? readLsRefs(args) : readFetch(args, baseSha);
}

function readLsRefs(args: readonly string[]): UploadPackRequest {
  return args.every((line) => LS_REFS_ARGUMENT.test(line))
    ? { command: 'ls-refs' }
    : refused('ls-refs argument');
}

function readFetch(args: readonly string[], baseSha: string): UploadPackRequest {
  const wanted = args.filter((line) => line === `want ${baseSha}`);
  const others = args.filter((line) => line !== `want ${baseSha}` && !FETCH_ARGUMENTS.has(line));
  if (others.some((line) => line.startsWith('want '))) return refused('want of another object');
  if (others.length > 0) return refused('fetch argument');
  if (wanted.length === 0) return refused('no want');
  if (!args.includes('done') || !args.includes('deepen 1'))
    return refused('not one commit deep, or negotiating');
  return { command: 'fetch', upstreamBody: fetchRequest(baseSha, args.includes('no-progress')) };
}

/** The only fetch that ever reaches GitHub. */
function fetchRequest(baseSha: string, noProgress: boolean): Buffer {
  const lines = [
    pktLine('command=fetch'),
    pktLine('agent=glovebox'),
    pktLine(`object-format=${objectFormat(baseSha)}`),
    DELIMITER,
    pktLine('thin-pack'),
    pktLine('ofs-delta'),
    ...(noProgress ? [pktLine('no-progress')] : []),
    pktLine('deepen 1'),
    pktLine(`want ${baseSha}\n`),
    pktLine('done\n'),
    FLUSH,
  ];
  return Buffer.from(lines.join(''), 'latin1');
}

function refused(reason: string): UploadPackRequest {
  return { command: 'refused', reason: `git: ${reason}` };
}
