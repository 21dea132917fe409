#!/usr/bin/env node
// Starts the command line: the bundled file of a package, or the sources of a clone, on Node 24 or newer.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundled = `${root}dist/glovebox.mjs`;
const entry = existsSync(`${root}src/cmd/glovebox.ts`) ? `${root}src/cmd/glovebox.ts` : bundled;
const own = `${root}node_modules/node/bin/node`;
const node =
  Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : existsSync(own) ? own : null;
if (!node) {
  console.error(
    `Refused: Node ${process.versions.node} is running, 24 or newer is needed; install Node 24, then run again.`,
  );
  process.exit(2);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', entry, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// A signal for this process alone is handed on, or the command would outlive it; a terminal's Ctrl-C reaches both.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 3)));
