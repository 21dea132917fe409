/**
 * Git's packet lines (gitprotocol-common, "pkt-line Format"): four lower-case hex digits of length, then the bytes;
 * `0000` flushes, `0001` delimits. Pure; what does not parse exactly is refused.
 */

/** One protocol v2 request: its capability lines, and its arguments after the delimiter. */
export interface CommandRequest {
  readonly capabilities: readonly string[];
  readonly args: readonly string[];
}

/** Lines are few and short in every request that we answer. */
const MAX_LINES = 64;

export const FLUSH = '0000';
export const DELIMITER = '0001';

/** One line with its length in front. `text` is ASCII. */
export function pktLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

/**
 * The one request that the bytes hold, a final newline of each line taken off; null where they are anything else: a
 * second request behind the flush, a second delimiter, another packet kind, a wrong length, or too many lines.
 */
export function parseCommandRequest(bytes: Uint8Array): CommandRequest | null {
  const packets = splitPackets(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
  if (packets?.at(-1)?.kind !== 'flush') return null;
  const kinds = packets.slice(0, -1).map((packet) => packet.kind);
  if (kinds.includes('flush')) return null;
  const delimiters = kinds.filter((kind) => kind === 'delimiter');
  if (delimiters.length > 1) return null;
  const split = delimiters.length === 1 ? kinds.indexOf('delimiter') : kinds.length;
  return { capabilities: linesOf(packets.slice(0, split)), args: linesOf(packets.slice(split)) };
}

function linesOf(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) => (packet.kind === 'line' ? [packet.line] : []));
}

/** Every packet up to the end of the text; null where one does not parse or there are too many. */
function splitPackets(text: string): Packet[] | null {
  const packets: Packet[] = [];
  let at = 0;
  while (at < text.length) {
    const packet = nextPacket(text, at);
    if (packet === null || packets.length > MAX_LINES) return null;
    packets.push(packet);
    at = packet.end;
  }
  return packets;
}

type Packet =
  | { readonly kind: 'flush' | 'delimiter'; readonly end: number }
  | { readonly kind: 'line'; readonly end: number; readonly line: string };

function nextPacket(text: string, at: number): Packet | null {
  const digits = text.slice(at, at + 4);
  if (digits === FLUSH) return { kind: 'flush', end: at + 4 };
  if (digits === DELIMITER) return { kind: 'delimiter', end: at + 4 };
  if (!/^[0-9a-f]{4}$/.test(digits)) return null;
  const end = at + Number.parseInt(digits, 16);
  if (end < at + 5 || end > text.length) return null;
  const content = text.slice(at + 4, end);
  return { kind: 'line', end, line: content.endsWith('\n') ? content.slice(0, -1) : content };
}
