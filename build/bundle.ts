/** Builds what a package carries: dist/runner.mjs, the one file that runs inside a sandbox, and dist/glovebox.mjs. */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

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
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'warning',
    // Packages in CommonJS ask for Node's modules by `require`.
    banner: {
      js: "import{createRequire as glovebox_require}from'node:module';const require=glovebox_require(import.meta.url);",
    },
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
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'warning',
  });
  return file;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { file, bytes } = await buildRunner();
  process.stdout.write(`${file} ${bytes} bytes\n${await buildCommand()}\n`);
}
