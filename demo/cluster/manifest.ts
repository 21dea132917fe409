/** Manifests as kustomize renders them, read as far as the demo needs to. */
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** One object; all else of it is kept as it is. */
export const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof Manifest>;

/** Reads what `kubectl kustomize` printed. */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => Manifest.parse(document.toJS()));
}

/** For `kubectl apply -f -`. */
export function listOf(manifests: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
}
