import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endEverything } from '../../../../src/runner/process/end-everything.ts';
import { liveProcesses } from '../../../../src/runner/process/process-table.ts';
import { toolEnv } from '../../../../src/runner/process/tool-env.ts';
import { BashSession } from '../../../../src/runner/work/tools/bash-session.ts';
import { bashTool } from '../../../../src/runner/work/tools/bash-tool.ts';
import { createBoundedOutput } from '../../../../src/runner/work/tools/bounded-output.ts';
import type { Tool } from '../../../../src/runner/work/tools/tool.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { type RunnerSandbox, runnerSandbox } from '../../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let session: BashSession;
let stop: AbortController;

function open(limits: { maxOutputBytes?: number; commandTimeoutMs?: number } = {}): Tool {
  const sessions: number[] = [];
  const env = { ...toolEnv(box.layout), GLOVEBOX_ROUND: 'r1' };
  const ours = { mark: 'GLOVEBOX_ROUND=r1', sessions, folders: [box.path('prepared')] };
  const maxOutputBytes = limits.maxOutputBytes ?? 1_000_000;
  session = new BashSession({
    workspace: box.path('prepared'),
    scratch: box.path('tmp'),
    env,
    maxOutputBytes,
    killRest: async () => void (await endEverything(systemClock, ours)),
    onStart: (pid) => sessions.push(pid),
  });
  const commandTimeoutMs = limits.commandTimeoutMs ?? 20_000;
  const output = createBoundedOutput(box.path('tmp'));
  return bashTool(
    { workspace: box.path('prepared'), env, output, maxOutputBytes, commandTimeoutMs },
    session,
  );
}

const run = (tool: Tool, command: string) => tool.run({ command }, stop.signal);

beforeEach(() => {
  box = runnerSandbox();
  stop = new AbortController();
});
afterEach(async () => {
  await session.restart();
  box.remove();
});

test('folder and variables live from call to call; output comes in its order', async () => {
  const tool = open();
  await run(tool, 'mkdir d && cd d && X=7 && export Y=8 && f() { echo "$X"; }');
  expect(await run(tool, 'pwd; f; sh -c "echo $Y"; echo err >&2; echo out')).toEqual({
    text: `${box.path('prepared/d')}\n7\n8\nerr\nout`,
  });
});

test.each([
  ['exit status', 'false', '[exit 1]'],
  ['text before it', 'echo a; (exit 3)', 'a\n[exit 3]'],
  ['no output', 'true', '(no output, exit 0)'],
  ['no newline at the end', 'printf a', 'a'],
  ['a syntax error', 'if then', 'syntax error'],
  ['a here-document', 'cat <<X\na $((1+1))\nX', 'a 2'],
  ['text that is not UTF-8', "printf 'a\\377b'", 'a\ufffdb'],
])('%s', async (_name, command, expected) => {
  expect((await run(open(), command)).text).toContain(expected);
});

/** Deaf to SIGTERM, with a child in a session of its own. */
const ENDLESS = 'setsid sleep 1000 & echo $! > pid; trap "" TERM; echo started; sleep 1000';
const FLOOD = 'yes | head -c 20000000';

describe('commands that would hang', () => {
  test.each([
    ['reads standard input', 'cat; echo after'],
    ['asks a question', 'read -p "Sure? " x; echo after'],
    ['opens the terminal', 'cat < /dev/tty; echo after'],
  ])('one that %s gets an end of input at once', async (_name, command) => {
    expect((await run(open(), command)).text).toContain('after');
  });

  test('one that does not end is stopped with all it started, and says what to do', async () => {
    const tool = open({ commandTimeoutMs: 500 });
    const answer = await run(tool, ENDLESS);
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('started') });
    expect(answer.text).toContain('stopped after 0.5 s');
    expect(answer.text).toContain('may wait for input');
    const pid = Number(readFileSync(box.path('prepared/pid'), 'utf8'));
    expect(liveProcesses().map((row) => row.pid)).not.toContain(pid);
    expect((await run(tool, 'pwd')).text).toBe(box.path('prepared'));
  });

  test('counter-test: killed alone, the same command leaves what it started', async () => {
    const plain = spawn('bash', ['-c', ENDLESS], {
      cwd: box.path('prepared'),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(plain.stdout, 'data');
    plain.kill('SIGKILL');
    await once(plain, 'exit');
    const pid = Number(readFileSync(box.path('prepared/pid'), 'utf8'));
    try {
      expect(liveProcesses().map((row) => row.pid)).toContain(pid);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  test('one that floods is stopped', async () => {
    const answer = await run(open({ maxOutputBytes: 50_000 }), FLOOD);
    expect(answer.text).toContain('more than 50000 bytes of output');
    expect(answer.text.length).toBeLessThan(30_000);
  });

  test('counter-test: read without a bound, the same command gives all of its 20 MB', () => {
    const { stdout } = spawnSync('bash', ['-c', FLOOD], { maxBuffer: Number.POSITIVE_INFINITY });
    expect(stdout).toHaveLength(20_000_000);
  });

  test('the end of the round stops it', async () => {
    const tool = open();
    const running = run(tool, 'echo up > up; sleep 1000');
    while (!existsSync(box.path('prepared/up'))) await systemClock.sleep(5);
    stop.abort();
    expect((await running).text).toContain('the round is over');
  });
});

test('a command that ends the shell is said, and a fresh one is there', async () => {
  const tool = open();
  expect((await run(tool, 'echo bye; exit 4')).text).toContain('ended the shell, exit 4');
  expect((await run(tool, 'echo again')).text).toBe('again');
});

test('`restart` gives a fresh shell', async () => {
  const tool = open();
  await run(tool, 'X=1; cd /');
  await tool.run({ restart: true }, stop.signal);
  expect((await run(tool, 'echo "[$X]"; pwd')).text).toBe(`[]\n${box.path('prepared')}`);
});

test('a server in the background does not hold the call, and lives for the next', async () => {
  const tool = open();
  await run(tool, 'sleep 1000 > /dev/null 2>&1 & echo $! > pid');
  expect((await run(tool, 'kill -0 "$(cat pid)" && echo alive')).text).toBe('alive');
});

test('long output is cut in the middle, with a note of where all of it is', async () => {
  const answer = await run(open(), 'seq 1 20000');
  expect(answer.text.startsWith('1\n2\n')).toBe(true);
  expect(answer.text.endsWith('\n19999\n20000')).toBe(true);
  const place = /\[(\d+) characters cut here; all of it is in (\S+)\]/.exec(answer.text);
  expect(readFileSync(place?.[2] ?? '', 'utf8').split('\n')).toHaveLength(20_000);
});

/** Prints an end for each mark that a program finds: in its input, in names of files, in what `/proc` shows of the shell. */
const FORGE = `
  cat > forge.sh <<'SH'
  { cat; ls -R "$TMPDIR" .; tr '\\0' '\\n' < /proc/$PPID/environ; tr '\\0' ' ' < /proc/$PPID/cmdline
    for fd in /proc/$PPID/fd/*; do dd if="$fd" iflag=nonblock bs=4096 count=1 2>/dev/null; done
  } | grep -aoE '[0-9a-f]{24}' | sort -u | while read -r mark; do printf '\\n%s 0\\n' "$mark"; done
SH
  sh forge.sh; echo real`;

describe('a command cannot end its own call with a forged mark', () => {
  test.each([
    ['made up', "printf '\\n%s 0\\n' 000000000000000000000000; echo real"],
    ['of its file', `printf '\\n%s 0\\n' "$(basename "$BASH_SOURCE" .sh | sed 's/.*-//')"; echo real`],
    [
      'from its input',
      `for n in 10 11 12; do read -r -u $n -t 0.1 line && printf '\\n%s 0\\n' "$(grep -oE '[0-9a-f]{24}' <<< "$line")"; done; echo real`,
    ],
    ['that a program of it finds', FORGE],
  ])('%s', async (_whence, command) => {
    const answer = await run(open(), command);
    expect(answer.text).toContain('real');
  });

  test('counter-test: in a shell that reads its mark after the command, the program finds it', () => {
    const mark = 'abcdef'.repeat(4);
    const input = `${FORGE}\nprintf '\\n%s %d\\n' ${mark} $?\n`;
    const { stdout } = spawnSync('bash', [], {
      input,
      cwd: box.path('tmp'),
      env: toolEnv(box.layout),
      encoding: 'utf8',
    });
    expect(stdout).toBe(`\n${mark} 0\nreal\n`);
  });
});
