/** `glovebox doctor` as people start it, in a process of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ROOT, runNode } from '../../fixtures/run-process.ts';

const Finding = z.object({
  check: z.string(),
  state: z.string(),
  text: z.string(),
  fix: z.string().nullable(),
});
const Printed = z.object({ checks: z.array(Finding) });

it.each([
  ['is not there', null, 'there is none'],
  ['cannot be read', 'users: [', 'it cannot be read'],
])('looks at the rest where the kubeconfig %s, and says so in its line', async (_what, text, why) => {
  const folder = mkdtempSync(join(tmpdir(), 'glovebox-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  if (text !== null) writeFileSync(kubeconfig, text);
  const env = {
    HOME: folder,
    GLOVEBOX_HOME: join(folder, 'home'),
    ...(text === null ? {} : { KUBECONFIG: kubeconfig }),
  };
  const { code, stdout } = await runNode(
    [join(ROOT, 'bin/glovebox.mjs'), 'doctor', '--kubernetes', '--json'],
    {
      cwd: folder,
      env,
    },
  );
  expect(code).toBe(1);
  const { checks } = Printed.parse(JSON.parse(stdout));
  expect(new Set(checks.map(({ check }) => check)).size).toBeGreaterThan(3);
  expect(checks.filter(({ check }) => check === 'API server')).toEqual([
    expect.objectContaining({
      state: 'fails',
      text: expect.stringContaining(why),
      fix: expect.stringMatching(/^set KUBECONFIG/),
    }),
  ]);
});
