/**
 * The door for a sealed change set, which is hostile: parsed again, bounded, checked against the base's tree and against
 * the digest in the record. What comes out is exactly the tree that will be committed; gates and judge read only this.
 */
import { GloveboxError } from '../shared/errors.ts';
import type { BaseFiles } from './base-files.ts';
import { checkTree } from './check-tree.ts';
import { CHANGE_SET_BOUNDS, ChangeSet, changeSetDigest } from './contract/change-set.ts';
import { brokenPathRule } from './path-rules.ts';
import type { ReadChange, ReadChangeSet } from './read-change-set.ts';

/** What is read: the payload as it came, the digest that the record holds for it, and the base. */
export interface BundleInput {
  readonly changeSet: unknown;
  readonly sealedDigest: string;
  readonly baseFiles: BaseFiles;
}

/**
 * Reads a change set. Error `bundle-invalid` with values `index` (position of the entry, from 1; 0 is the whole) and
 * `rule`; the path itself is left out, since one that breaks a rule is not fit to be shown.
 */
export function readBundle(input: BundleInput): ReadChangeSet {
  const parsed = ChangeSet.safeParse(input.changeSet);
  if (!parsed.success) throw bundleInvalid({ index: 0, rule: 'shape' }, parsed.error);
  const changeSet = parsed.data;
  if (changeSetDigest(changeSet) !== input.sealedDigest) throw bundleInvalid({ index: 0, rule: 'digest' });
  checkOrder(changeSet);
  checkPaths(changeSet);
  const changes = changeSet.entries.map((entry) => readEntry(entry, input.baseFiles));
  checkSizes(changes);
  const broken = checkTree(changes, input.baseFiles);
  if (broken) throw bundleInvalid(broken);
  return { baseSha: changeSet.baseSha, digest: input.sealedDigest, changes };
}

/** Where a bundle broke which rule. */
interface BrokenRule {
  readonly index: number;
  readonly rule: string;
}

function bundleInvalid(broken: BrokenRule, cause?: unknown): GloveboxError {
  return new GloveboxError({
    code: 'bundle-invalid',
    message: `Invalid change set at path ${broken.index}: it breaks the rule '${broken.rule}'. Nothing of it is published; the audit has the sealed bytes.`,
    audience: 'requester',
    values: { index: broken.index, rule: broken.rule },
    cause,
  });
}

/** Sorted by UTF-8 bytes and each path once, so that equal change sets have one spelling. */
function checkOrder(changeSet: ChangeSet): void {
  for (const [index, entry] of changeSet.entries.entries()) {
    const next = changeSet.entries[index + 1];
    if (!next) return;
    const order = Buffer.compare(Buffer.from(entry.path), Buffer.from(next.path));
    if (order === 0) throw bundleInvalid({ index: index + 2, rule: 'duplicate' });
    if (order > 0) throw bundleInvalid({ index: index + 2, rule: 'not sorted' });
  }
}

function checkPaths(changeSet: ChangeSet): void {
  for (const [index, entry] of changeSet.entries.entries()) {
    const rule = brokenPathRule(entry.path);
    if (rule) throw bundleInvalid({ index: index + 1, rule });
  }
}

function readEntry(entry: ChangeSet['entries'][number], base: BaseFiles): ReadChange {
  const known = base.entries.get(entry.path);
  const before = known ? { mode: known.mode, bytes: base.contents.get(entry.path) ?? null } : null;
  if (entry.op === 'delete') return { path: entry.path, before, after: null };
  return {
    path: entry.path,
    before,
    after: { mode: entry.mode, bytes: Buffer.from(entry.contentBase64, 'base64') },
  };
}

function checkSizes(changes: readonly ReadChange[]): void {
  let totalBytes = 0;
  for (const [index, change] of changes.entries()) {
    const bytes = change.after?.bytes.length ?? 0;
    totalBytes += bytes;
    const isTooLarge = bytes > CHANGE_SET_BOUNDS.maxFileBytes || totalBytes > CHANGE_SET_BOUNDS.maxTotalBytes;
    if (isTooLarge) throw bundleInvalid({ index: index + 1, rule: 'too large' });
  }
}
