/** Names an image by what it is built from, so that one that a node holds already is not built again. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The Dockerfile's targets. */
export const IMAGE_TARGETS = ['control', 'runner', 'demo'] as const;

const PRODUCT = [
  '.dockerignore',
  'Dockerfile',
  'build',
  'package-lock.json',
  'package.json',
  'src',
  'tsconfig.json',
];
/** By image; `postgres` is that of the dev overlay, where no registry can be reached. */
const SOURCES = {
  control: PRODUCT,
  runner: PRODUCT,
  demo: [...PRODUCT, 'demo', 'test/fixtures/holding-proxy.ts', 'test/github-host'],
  postgres: ['k8s/overlays/dev/postgres'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Twelve hex digits over the files that its build copies. */
export function imageTag(image: keyof typeof SOURCES): string {
  const hash = createHash('sha256');
  const files = SOURCES[image].flatMap(filesOf).sort();
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 12);
}

/** A file itself, or the files below a folder, relative to the clone. */
function filesOf(path: string): string[] {
  const full = join(ROOT, path);
  try {
    return readdirSync(full, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [path];
    throw error;
  }
}
