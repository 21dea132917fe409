/** A change set after `read-bundle`: decoded, checked, and beside the base's own bytes. What gates and judge read. */
import type { FileMode } from './contract/change-set.ts';

/** One path that differs from the base: `before` null is new, `after` null is deleted. */
export interface ReadChange {
  readonly path: string;
  /** `bytes` is null where the base's file was over the bound of what is read. */
  readonly before: { readonly mode: string; readonly bytes: Uint8Array | null } | null;
  readonly after: { readonly mode: FileMode; readonly bytes: Uint8Array } | null;
}

/** A change set that has passed every rule. */
export interface ReadChangeSet {
  readonly baseSha: string;
  readonly digest: string;
  readonly changes: readonly ReadChange[];
}
