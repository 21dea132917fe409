/** Gathers what the demo's pod needs in one folder: the bundled program and the two packages that it reads as files. */
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The emulator, whose plugin is wrapped by its file, and GitHub's description, 13 MB of the package's 430. */
const READ_AS_FILES = [
  'emulate/package.json',
  'emulate/dist',
  '@octokit/openapi/package.json',
  '@octokit/openapi/generated/api.github.com.json',
];

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name the folder to write to.');
await build({
  entryPoints: [join(ROOT, 'demo/cluster/pod.ts')],
  outfile: join(folder, 'pod.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
  external: ['emulate', '@octokit/openapi'],
  // packages in CommonJS ask for Node's modules by `require`
  banner: {
    js: "import{createRequire as demo_require}from'node:module';const require=demo_require(import.meta.url);",
  },
});
for (const part of READ_AS_FILES) {
  cpSync(join(ROOT, 'node_modules', part), join(resolve(folder), 'node_modules', part), {
    recursive: true,
    dereference: true,
    filter: (path) => !path.endsWith('.map'),
  });
}
