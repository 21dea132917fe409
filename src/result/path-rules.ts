/**
 * What one path of a change set may look like, whatever the tree holds. Every rule has a name, which the refusal carries;
 * the attacks come from git's own history of `.git` look-alikes on case-folding and normalising file systems.
 */

const CONTROL = /\p{Cc}/u;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
/** NTFS short names of `.git`, `.gitmodules` and their kind. */
const SHORT_NAME = /^git[a-z]*~\d+$/i;
const MAX_PART_BYTES = 255;
const MAX_PATH_BYTES = 1_024;

/** Names of the rules a path can break. */
export type PathRule =
  | 'empty part'
  | 'absolute'
  | 'leaves the tree'
  | 'git folder'
  | 'backslash'
  | 'control character'
  | 'bidi character'
  | 'invisible character'
  | 'not UTF-8'
  | 'too long'
  | 'trailing dot or space'
  | 'compatibility spelling';

/** Rules in order; the first that a path breaks is named. */
const RULES: readonly (readonly [PathRule, (path: string, parts: readonly string[]) => boolean])[] = [
  ['not UTF-8', (path) => !path.isWellFormed() || path.includes('\ufffd')],
  ['control character', (path) => CONTROL.test(path)],
  ['bidi character', (path) => BIDI.test(path)],
  ['invisible character', (path) => INVISIBLE.test(path)],
  ['backslash', (path) => path.includes('\\')],
  ['absolute', (path) => path.startsWith('/') || /^[a-z]:/i.test(path)],
  ['empty part', (_path, parts) => parts.includes('')],
  ['leaves the tree', (_path, parts) => parts.includes('..') || parts.includes('.')],
  ['git folder', (_path, parts) => parts.some(isGitFolder)],
  ['trailing dot or space', (_path, parts) => parts.some((part) => /[. ]$/.test(part))],
  ['compatibility spelling', (path) => hidesAnotherPath(path)],
  ['too long', (path, parts) => Buffer.byteLength(path) > MAX_PATH_BYTES || parts.some(isLongPart)],
];

/** The first rule that the path breaks, or null. */
export function brokenPathRule(path: string): PathRule | null {
  const parts = path.split('/');
  return RULES.find(([, breaks]) => breaks(path, parts))?.[0] ?? null;
}

/** True for every spelling that some file system takes for `.git`: case, trailing dots and spaces, streams, short names. */
export function isGitFolder(part: string): boolean {
  const name = part
    .normalize('NFKC')
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
  return name === '.git' || SHORT_NAME.test(name);
}

/** A compatibility form that turns into separators, dots or `.git` on a normalising file system. */
function hidesAnotherPath(path: string): boolean {
  const unified = path.normalize('NFKC');
  if (unified === path) return false;
  const parts = unified.split('/');
  return (
    unified.includes('\\') ||
    parts.length !== path.split('/').length ||
    parts.some((part) => part === '..' || part === '.')
  );
}

function isLongPart(part: string): boolean {
  return Buffer.byteLength(part) > MAX_PART_BYTES;
}
