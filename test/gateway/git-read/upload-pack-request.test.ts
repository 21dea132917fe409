import { describe, expect, it } from 'vitest';
import { DELIMITER, FLUSH, pktLine } from '../../../src/gateway/git-read/pkt-line.ts';
import { readUploadPackRequest } from '../../../src/gateway/git-read/upload-pack-request.ts';

const BASE = '1f0c9d2000000000000000000000000000000abc';
const OTHER = '2f0c9d2000000000000000000000000000000abc';
const CAPABILITIES = ['command=fetch', 'agent=git/2.39.5', 'object-format=sha1'];
const ARGUMENTS = [
  'thin-pack',
  'no-progress',
  'include-tag',
  'ofs-delta',
  'deepen 1',
  `want ${BASE}\n`,
  'done\n',
];

function request(
  args: readonly string[] = ARGUMENTS,
  capabilities: readonly string[] = CAPABILITIES,
): Buffer {
  return Buffer.from(
    [...capabilities.map(pktLine), DELIMITER, ...args.map(pktLine), FLUSH].join(''),
    'latin1',
  );
}
const without = (line: string): string[] => ARGUMENTS.filter((each) => each.trimEnd() !== line);

describe('a request for upload-pack', () => {
  it("is built anew: our own agent, one want, one commit deep, nothing of the client's", () => {
    const asked = readUploadPackRequest(request([...ARGUMENTS, `want ${BASE}`]), BASE);
    expect(asked).toEqual({
      command: 'fetch',
      upstreamBody: Buffer.from(
        [
          ...['command=fetch', 'agent=glovebox', 'object-format=sha1'].map(pktLine),
          DELIMITER,
          ...['thin-pack', 'ofs-delta', 'no-progress', 'deepen 1', `want ${BASE}\n`, 'done\n'].map(pktLine),
          FLUSH,
        ].join(''),
      ),
    });
  });

  it('may list refs, with any prefixes', () => {
    const capabilities = ['command=ls-refs', 'object-format=sha1'];
    const args = ['peel', 'symrefs', 'unborn', 'ref-prefix refs/heads/'];
    expect(readUploadPackRequest(request(args, capabilities), BASE)).toEqual({ command: 'ls-refs' });
  });

  it.each<[string, string[], string]>([
    ['another commit', [...without(`want ${BASE}`), `want ${OTHER}`], 'git: want of another object'],
    [
      'the commit in upper case',
      [...without(`want ${BASE}`), `want ${BASE.toUpperCase()}`],
      'git: want of another object',
    ],
    ['a second want', [...ARGUMENTS, `want ${OTHER}`], 'git: want of another object'],
    ['a want with something behind it', [...ARGUMENTS, `want ${BASE} filter`], 'git: want of another object'],
    ['no want', without(`want ${BASE}`), 'git: no want'],
    ['want-ref', [...ARGUMENTS, 'want-ref refs/pull/1/head'], 'git: fetch argument'],
    ['a filter', [...ARGUMENTS, 'filter blob:none'], 'git: fetch argument'],
    ['deepen-not', [...ARGUMENTS, 'deepen-not refs/heads/main'], 'git: fetch argument'],
    ['deepen-since', [...ARGUMENTS, 'deepen-since 0'], 'git: fetch argument'],
    ['deepen-relative', [...ARGUMENTS, 'deepen-relative'], 'git: fetch argument'],
    ['more depth', [...without('deepen 1'), 'deepen 2'], 'git: fetch argument'],
    ['all of the history', without('deepen 1'), 'git: not one commit deep, or negotiating'],
    ['negotiation', [...without('done'), `have ${OTHER}`], 'git: fetch argument'],
    ['a negotiation that waits', without('done'), 'git: not one commit deep, or negotiating'],
    ['a shallow boundary', [...ARGUMENTS, `shallow ${OTHER}`], 'git: fetch argument'],
    ['packfile-uris', [...ARGUMENTS, 'packfile-uris https'], 'git: fetch argument'],
    ['an empty argument', [...ARGUMENTS, '\n'], 'git: fetch argument'],
  ])('is refused with %s', (_, args, reason) => {
    expect(readUploadPackRequest(request(args), BASE)).toEqual({ command: 'refused', reason });
  });

  it.each<[string, string[]]>([
    ['object-info', ['command=object-info']],
    ['bundle-uri', ['command=bundle-uri']],
    ['two commands', ['command=ls-refs', 'command=fetch']],
    ['no command', ['agent=git']],
    ['server-option', [...CAPABILITIES, 'server-option=x']],
    ['another object format', ['command=fetch', 'object-format=sha256']],
    ['an agent with spaces', ['command=fetch', 'agent=git 2']],
  ])('is refused with the capability %s', (_, capabilities) => {
    expect(readUploadPackRequest(request(ARGUMENTS, capabilities), BASE).command).toBe('refused');
  });

  it('names the format of SHA-256 repositories', () => {
    const base = BASE + BASE.slice(0, 24);
    const args = ['deepen 1', `want ${base}`, 'done'];
    const asked = readUploadPackRequest(request(args, ['command=fetch', 'object-format=sha256']), base);
    expect(asked.command === 'fetch' && asked.upstreamBody.includes('object-format=sha256')).toBe(true);
  });
});
