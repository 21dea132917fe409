/** Writes the generated documents; with `--check` it only says whether they are current, for CI (exit 1 when not). */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generatedFiles } from './configuration-page.ts';

const root = join(import.meta.dirname, '..');
const checks = process.argv.includes('--check');

for (const { path, text } of generatedFiles()) {
  const file = join(root, path);
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before === text) continue;
  if (checks) {
    process.stderr.write(`${path} is not current: run node build/generate-docs.ts and commit it.\n`);
    process.exitCode = 1;
    continue;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${path} written\n`);
}
