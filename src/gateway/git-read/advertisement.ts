/** What we say ourselves to a git client: the capabilities that we serve, and one branch at the recorded commit. */
import { FLUSH, pktLine } from './pkt-line.ts';
import { objectFormat } from './upload-pack-request.ts';

/** Body of `GET info/refs?service=git-upload-pack` (gitprotocol-v2, "Capability Advertisement"). */
export function capabilityAdvertisement(baseSha: string): string {
  return [
    pktLine('# service=git-upload-pack\n'),
    FLUSH,
    pktLine('version 2\n'),
    pktLine('agent=glovebox\n'),
    pktLine('ls-refs\n'),
    pktLine('fetch=shallow\n'),
    pktLine(`object-format=${objectFormat(baseSha)}\n`),
    FLUSH,
  ].join('');
}

/** Answer to `ls-refs`: whatever the repository's own refs are called, the sandbox sees one. */
export function lsRefsAnswer(baseSha: string): string {
  return [
    pktLine(`${baseSha} HEAD symref-target:refs/heads/base\n`),
    pktLine(`${baseSha} refs/heads/base\n`),
    FLUSH,
  ].join('');
}
