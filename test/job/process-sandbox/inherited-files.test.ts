import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteTree } from '../../../src/job/process-sandbox/job-folders.ts';
import { bubblewrapWorks, eventually, openTestSandbox } from '../../fixtures/process-sandbox.ts';

const spawnerFile = join(import.meta.dirname, '../../fixtures/sandbox-spawner.ts');
/** High enough that Node, which closes the low ones, leaves it open for its children. */
const LEAKED_FD = 40;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glovebox-files-'));
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'gateway'), { mode: 0o711 });
  writeFileSync(join(folder, 'secret.txt'), 'what another program has open');
});
afterEach(() => deleteTree(folder));

/** Starts the spawner with a file of another program open, as a careless parent does, and reads what its sandbox saw. */
async function readLeakedFile(isolation: 'bubblewrap' | 'none'): Promise<string> {
  const stdio = Array.from({ length: LEAKED_FD }, (_, fd): 'pipe' | 'ignore' =>
    fd === 1 ? 'pipe' : 'ignore',
  );
  const secret = openSync(join(folder, 'secret.txt'), 'r');
  const shell = `cat /proc/$PPID/fd/${LEAKED_FD} > seen.txt 2>/dev/null; echo end >> seen.txt`;
  const child = spawn(process.execPath, [spawnerFile, folder, isolation, shell], {
    stdio: [...stdio, secret],
  });
  const seen = () => {
    const [life = ''] = readdirSync(join(folder, 'state', 'lives'));
    const file = join(folder, 'state/lives', life, 'jobs/gb-7k2m9q-work-spawned/volumes/prepared/seen.txt');
    return readFileSync(file, 'utf8');
  };
  await eventually(() => attempt(seen)?.includes('end') === true, 15_000);
  const text = seen();
  child.kill('SIGKILL');
  await once(child, 'exit');
  // A further life takes away what the killed one left outside the folder.
  await (await openTestSandbox({ folder: join(folder, 'state') })).close();
  return text;
}

describe('a file that our own parent left open for us', () => {
  it.runIf(bubblewrapWorks)('is closed before the runner begins in bubblewrap', async () => {
    expect(await readLeakedFile('bubblewrap')).toBe('end\n');
  });

  it('is there for every plain child of ours (counter-test)', async () => {
    expect(await readLeakedFile('none')).toContain('what another program has open');
  });
});

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
