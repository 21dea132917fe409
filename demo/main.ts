/** `npm run demo`: an issue becomes a pull request before your eyes. Emulated GitHub, scripted model; all else is real. */
import { spawnSync } from 'node:child_process';
import { buildRunner } from '../build/bundle.ts';
import { untilSignal } from '../src/cmd/until-signal.ts';
import { readModelKey } from '../src/config/env.ts';
import { GloveboxError } from '../src/shared/errors.ts';
import { adminFile } from './admin-file.ts';
import { type DemoArguments, HELP, readArguments } from './arguments.ts';
import { followTask } from './follow-task.ts';
import { type Line, startLine } from './line.ts';
import { startScriptedModel } from './model/scripted-model.ts';
import { readEnding } from './read-ending.ts';
import { type Ending, endingLines } from './report.ts';
import { resultObject } from './result-object.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { createScreen, type Screen } from './screen.ts';
import { readSubject, type Subject } from './subject.ts';
import { templateNameOf } from './template-name.ts';

const MODEL = 'claude-sonnet-4-6';
const EXIT = { good: 0, finding: 1, refused: 2, ours: 3, interrupted: 130 } as const;

const NEXT = `
Try next
  npm run demo -- --scenario broken      a fix that breaks another test
  npm run demo -- --scenario injected    an issue that asks for secrets
  npm run demo -- --repo DIR --issue FILE --live      your code, your key`;

const interrupted = new AbortController();

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (interrupted.signal.aborted) return EXIT.interrupted;
  if (error instanceof GloveboxError) {
    process.stderr.write(`Refused: ${error.message}\n`);
    return EXIT.refused;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    process.stderr.write('Refused: the port is busy; name another with --port, then run again.\n');
    return EXIT.refused;
  }
  process.stderr.write(`Errored: ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.ours;
});

async function main(argv: readonly string[]): Promise<number> {
  const given = readArguments(argv);
  if (given === 'help') {
    process.stdout.write(HELP);
    return EXIT.good;
  }
  requireGit();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const screen = createScreen({
    out: process.stdout,
    json: given.json,
    tty: process.stdout.isTTY === true,
    now: () => new Date(),
  });
  await buildRunner();
  const subject = await readSubject(given);
  try {
    return await play(given, subject, screen);
  } finally {
    await subject.close();
  }
}

async function play(given: DemoArguments, subject: Subject, screen: Screen): Promise<number> {
  const model = await openModel(given);
  try {
    return await playWith(model, given, { subject, screen });
  } finally {
    await model.close();
  }
}

async function playWith(
  model: Model,
  given: DemoArguments,
  { subject, screen }: { readonly subject: Subject; readonly screen: Screen },
): Promise<number> {
  const isolation = given.isolation ?? (hasBubblewrap() ? 'bubblewrap' : isolationWithout(given));
  const line = await startLine({
    repositories: [subject.seed],
    adminText: adminFile({ isolation, template: templateNameOf(subject.configText), model: MODEL }),
    upstream: model,
    logLevel: 'fatal',
    allowUnfenced: given.isolation === 'none',
    port: given.port,
  });
  try {
    screen.say(`Glovebox demo. Emulated: GitHub. ${model.said}All else is real.`);
    screen.say(sandboxLine(isolation));
    const ending = await playIssue(line, { subject, screen, bill: model.bill });
    if (given.keep) await keep(line, screen);
    return strayed(line) ? EXIT.ours : exitCode(given, ending);
  } finally {
    await line.close();
  }
}

interface Model {
  readonly url: string;
  readonly apiKey: string | null;
  readonly said: string;
  readonly bill: string;
  close(): Promise<void>;
}

/** The scripted model, or the upstream that was asked for. */
async function openModel(given: DemoArguments): Promise<Model> {
  if (given.live || given.upstream !== null) {
    const url = given.upstream ?? 'https://api.anthropic.com';
    return {
      url,
      apiKey: given.live ? liveKey() : null,
      said: '',
      bill: 'billed by the upstream',
      close: async () => {},
    };
  }
  const scripted = await startScriptedModel(SCENARIOS[given.scenario]?.answers ?? []);
  return { ...scripted, apiKey: null, said: 'Scripted: model answers. ', bill: 'scripted, not billed' };
}

async function playIssue(
  line: Line,
  play: { subject: Subject; screen: Screen; bill: string },
): Promise<Ending> {
  const { subject, screen, bill } = play;
  const repository = subject.seed.name;
  const { title, body } = subject;
  const number = await line.host.people.openIssue({ repository, as: 'writer', title, body });
  await line.host.people.label({ repository, number, as: 'writer' }, 'agent');
  screen.say(`\nIssue ${number}: ${title}\n`);
  const look = await followTask(line.db, number, {
    show: ({ stages }) => screen.show(stages),
    signal: interrupted.signal,
  });
  const ending = await readEnding(line, look, bill);
  for (const text of endingLines(ending)) screen.say(text);
  screen.result(resultObject(ending, look.stages, line.host.githubCalls()));
  screen.say(NEXT);
  return ending;
}

/** True, and said, when a request of ours or a webhook of the emulated GitHub is not as GitHub publishes it. */
function strayed({ host }: Line): boolean {
  for (const problem of host.violations)
    process.stderr.write(`Errored: not as GitHub publishes it: ${problem}\n`);
  return host.violations.length > 0;
}

/** 0 when the scenario ended as it should; other subjects: 0 when verified. */
function exitCode(given: DemoArguments, ending: Ending): number {
  const scripted = given.repo === null && given.upstream === null && !given.live;
  const expected = scripted
    ? SCENARIOS[given.scenario]?.expect
    : { outcome: 'verified', conclusion: 'success' };
  const same =
    ending.task.outcome === expected?.outcome &&
    (ending.checkRun?.conclusion ?? null) === (expected?.conclusion ?? null);
  return same ? EXIT.good : EXIT.finding;
}

async function keep(line: Line, screen: Screen): Promise<void> {
  screen.say(
    `\nRunning until you press Ctrl-C:\n  emulated GitHub  ${line.host.url}\n  bot              ${line.botUrl}\n  data             ${line.home}`,
  );
  await untilSignal();
}

function sandboxLine(isolation: 'bubblewrap' | 'none'): string {
  return isolation === 'bubblewrap'
    ? 'Sandbox: bubblewrap, no network but the gateway.'
    : 'Sandbox: NOT FENCED (isolation: none). The code runs as you, with your network.';
}

/** The sample's own code is known, so it may run without a fence; other code only when asked for. */
function isolationWithout(given: DemoArguments): 'none' {
  if (given.repo === null) return 'none';
  throw new GloveboxError({
    code: 'isolation-missing',
    message:
      "bubblewrap is missing, and code of another repository runs unfenced without it; install the package 'bubblewrap', or say --isolation none.",
  });
}

function hasBubblewrap(): boolean {
  return (
    spawnSync('bwrap', [
      '--unshare-all',
      '--unshare-user',
      '--cap-drop',
      'ALL',
      '--ro-bind',
      '/',
      '/',
      'true',
    ]).status === 0
  );
}

function requireGit(): void {
  if (spawnSync('git', ['--version']).status === 0) return;
  throw new GloveboxError({
    code: 'git-missing',
    message: 'git is not on PATH; install git, then run again.',
  });
}

function liveKey(): string {
  const key = readModelKey();
  if (key !== null) return key;
  throw new GloveboxError({
    code: 'key-missing',
    message: '--live needs ANTHROPIC_API_KEY in the environment; set it, then run again.',
  });
}
