/** Change sets beside the base they were made against, built from texts: what the tests of `result/` start from. */
import { createHash } from 'node:crypto';
import type { BaseEntry, BaseFiles } from '../../src/result/base-files.ts';
import { type ChangeSet, changeSetDigest, type FileMode } from '../../src/result/contract/change-set.ts';
import { readBundle } from '../../src/result/read-bundle.ts';
import { GloveboxError } from '../../src/shared/errors.ts';

/** A file of a base or of a change set: its text, or mode and bytes. */
export type FileSpec = string | { readonly mode: FileMode; readonly bytes: string | Uint8Array };

/** A base and what is put and deleted; everything sorted as the wire form asks. */
export interface BundleSpec {
  readonly base?: Readonly<Record<string, FileSpec>>;
  readonly put?: Readonly<Record<string, FileSpec>>;
  readonly delete?: readonly string[];
}

/** A change set that matches its digest, and the base as `readBaseFiles` would give it. */
export interface BuiltBundle {
  readonly changeSet: ChangeSet;
  readonly sealedDigest: string;
  readonly baseFiles: BaseFiles;
}

/** Builds both from texts. */
export function buildBundle(spec: BundleSpec): BuiltBundle {
  const puts = Object.entries(spec.put ?? {}).map(([path, file]) => ({
    op: 'put' as const,
    path,
    mode: modeOf(file),
    contentBase64: bytesOf(file).toString('base64'),
  }));
  const deletes = (spec.delete ?? []).map((path) => ({ op: 'delete' as const, path }));
  const entries = [...puts, ...deletes].sort((a, b) =>
    Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
  );
  return bundleOf({ baseSha: 'a'.repeat(40), entries, ignoredFiles: 0, setupAltered: [] }, spec.base);
}

/** A change set as given, with its own digest. */
export function bundleOf(changeSet: ChangeSet, base: BundleSpec['base'] = {}): BuiltBundle {
  return { changeSet, sealedDigest: changeSetDigest(changeSet), baseFiles: buildBase(base) };
}

function buildBase(files: NonNullable<BundleSpec['base']>): BaseFiles {
  const entries = new Map<string, BaseEntry>();
  const contents = new Map<string, Uint8Array>();
  for (const [path, file] of Object.entries(files)) {
    const bytes = bytesOf(file);
    const sha = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    entries.set(path, { mode: modeOf(file), sha, size: bytes.length });
    contents.set(path, bytes);
  }
  return { entries, contents };
}

function bytesOf(file: FileSpec): Buffer {
  return Buffer.from(typeof file === 'string' ? file : file.bytes);
}

function modeOf(file: FileSpec): FileMode {
  return typeof file === 'string' ? '100644' : file.mode;
}

/** A symlink to `target`. */
export function symlink(target: string): FileSpec {
  return { mode: '120000', bytes: target };
}

/** The values of the refusal when the bundle is read, or `accepted`. */
export function refusal(bundle: BuiltBundle): unknown {
  try {
    readBundle(bundle);
    return 'accepted';
  } catch (error) {
    if (error instanceof GloveboxError && error.code === 'bundle-invalid') return error.values;
    throw error;
  }
}

/** The same, built from texts. */
export function refusalOf(spec: BundleSpec): unknown {
  return refusal(buildBundle(spec));
}
