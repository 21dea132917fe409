/**
 * Builds what a package carries: dist/runner.mjs, the one file that runs inside a sandbox, and dist/glovebox.mjs; with a
 * path as its argument also the whole program as one file, for the control image.
 */
import { chmodSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { quickStart } from './quick-start.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Packages in CommonJS ask for Node's modules by `require`. */
const REQUIRE =
  "import{createRequire as glovebox_require}from'node:module';const require=glovebox_require(import.meta.url);";

const COMMON: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
};

/** What was built: where, and how many bytes. */
export interface BuiltRunner {
  readonly file: string;
  readonly bytes: number;
}

/** Bundles the runner with its dependencies, minified, as one ES module for Node 24; a sandbox never sees half of it. */
export async function buildRunner(folder = join(ROOT, 'dist')): Promise<BuiltRunner> {
  const file = join(folder, 'runner.mjs');
  const unfinished = `${file}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(ROOT, 'src/runner/entry.ts')],
    outfile: unfinished,
    ...COMMON,
    minify: true,
    legalComments: 'none',
    banner: { js: REQUIRE },
    plugins: [quickStart],
  });
  renameSync(unfinished, file);
  return { file, bytes: statSync(file).size };
}

/** Bundles our own sources of the command line; packages stay outside, since some carry files of their own. */
export async function buildCommand(folder = join(ROOT, 'dist')): Promise<string> {
  const file = join(folder, 'glovebox.mjs');
  await build({
    entryPoints: [join(ROOT, 'src/cmd/glovebox.ts')],
    outfile: file,
    ...COMMON,
    packages: 'external',
  });
  return file;
}

/**
 * Bundles the command line with its packages as one executable file, for the control image. The embedded store stays
 * outside: it brings WebAssembly files of its own, and an image has PostgreSQL.
 */
export async function buildProgram(file: string): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'src/cmd/glovebox.ts')],
    outfile: file,
    ...COMMON,
    external: ['@electric-sql/pglite'],
    legalComments: 'none',
    banner: { js: `#!/usr/local/bin/node\n${REQUIRE}` },
  });
  chmodSync(file, 0o755);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const program = process.argv[2];
  const { file, bytes } = await buildRunner();
  process.stdout.write(`${file} ${bytes} bytes\n${await buildCommand()}\n`);
  if (program !== undefined) await buildProgram(program);
}
