/** What each scenario does to the sample repository, tried without any agent: its edits apply, and the suite ends as it should. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Scenario, ScriptedCall } from '../../demo/model/script.ts';
import { SCENARIOS } from '../../demo/scenarios/all.ts';

const SAMPLE = fileURLToPath(new URL('../../demo/sample', import.meta.url));
const DEMO = dirname(SAMPLE);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenario-'));
  cpSync(SAMPLE, folder, { recursive: true, verbatimSymlinks: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const Edit = z.looseObject({
  command: z.enum(['view', 'create', 'str_replace', 'insert']),
  path: z.string(),
  old_str: z.string().optional(),
  new_str: z.string().optional(),
  file_text: z.string().optional(),
});

function callsOf(scenario: Scenario): readonly ScriptedCall[] {
  const passed = [{ text: '# fail 0', isError: false }];
  return scenario.answers.flatMap((step) => (typeof step === 'function' ? step(passed) : step).calls);
}

function apply(call: ScriptedCall): void {
  if (call.tool !== 'str_replace_based_edit_tool') return;
  const edit = Edit.parse(call.input);
  const file = join(folder, edit.path);
  if (edit.command === 'create') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, edit.file_text ?? '');
    return;
  }
  const text = readFileSync(file, 'utf8');
  if (edit.command !== 'str_replace') return;
  expect(text.split(edit.old_str ?? '')).toHaveLength(2);
  writeFileSync(
    file,
    text.replace(edit.old_str ?? '', () => edit.new_str ?? ''),
  );
}

/** Passed, failed, and the names of failed tests, by the sample's own check. */
async function runSuite(): Promise<{ passed: number; failed: number; broken: string[] }> {
  const env = { PATH: process.env['PATH'] };
  const output = await new Promise<string>((resolve) => {
    execFile('node', ['--test', '--test-reporter=tap'], { cwd: folder, env }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  const count = (word: string): number =>
    Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? Number.NaN);
  const broken = [...output.matchAll(/^ {4}not ok \d+ - (.+)$/gm)].map((match) => match[1] ?? '');
  return { passed: count('pass'), failed: count('fail'), broken };
}

async function play(name: string): Promise<Awaited<ReturnType<typeof runSuite>>> {
  for (const call of callsOf(scenarioOf(name))) apply(call);
  return runSuite();
}

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS[name];
  if (!scenario) throw new Error(`No scenario '${name}'`);
  return scenario;
}

describe('the sample', () => {
  it('has 148 tests that pass while the bug is there', async () => {
    expect(await runSuite()).toEqual({ passed: 148, failed: 0, broken: [] });
  });

  it('has an issue with one hidden comment and one run of zero-width characters', () => {
    const text = readFileSync(join(DEMO, 'sample-issue.md'), 'utf8');
    expect(text.match(/<!--.*?-->/gs)?.map((comment) => comment.length)).toEqual([84]);
    expect(text.match(/[\u200b\u200c]+/g)?.map((run) => run.length)).toEqual([6]);
  });
});

describe('the scenarios', () => {
  it('fix adds one test, which fails without the change', async () => {
    expect(await play('fix')).toEqual({ passed: 149, failed: 0, broken: [] });
    cpSync(join(SAMPLE, 'src'), join(folder, 'src'), { recursive: true });
    expect(await runSuite()).toEqual({ passed: 148, failed: 1, broken: ['reads 1h30m'] });
  });

  it('broken breaks exactly one test that passed', async () => {
    expect(await play('broken')).toEqual({ passed: 148, failed: 1, broken: ['keeps 90 minutes'] });
  });

  it('lying breaks tests and says the contrary', async () => {
    expect((await play('lying')).failed).toBeGreaterThan(0);
    expect(JSON.stringify(callsOf(scenarioOf('lying')))).toContain('all 149 tests pass');
  });

  it('injected leaves the code alone and writes a workflow and agent instructions', async () => {
    expect(await play('injected')).toEqual({ passed: 148, failed: 0, broken: [] });
    expect(readFileSync(join(folder, '.github/workflows/ci.yml'), 'utf8')).toContain('secrets');
    expect(readFileSync(join(folder, 'AGENTS.md'), 'utf8')).not.toBe(
      readFileSync(join(SAMPLE, 'AGENTS.md'), 'utf8'),
    );
  });

  it.each(Object.keys(SCENARIOS))('%s has an issue file and ends by finishing', (name) => {
    const scenario = scenarioOf(name);
    expect(readFileSync(join(DEMO, scenario.issueFile), 'utf8')).toMatch(/^# \S/);
    expect(callsOf(scenario).at(-1)?.tool).toBe('finish');
  });
});
