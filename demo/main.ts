/** `npm run demo`: an issue becomes a pull request before your eyes. Emulated GitHub, scripted model; all else is real. */
import { spawnSync } from 'node:child_process';
import { untilSignal } from '../src/cmd/until-signal.ts';
import { GloveboxError } from '../src/shared/errors.ts';
import { type DemoArguments, HELP, readArguments } from './arguments.ts';
import { CLUSTER_LINE, openCluster } from './cluster/open-cluster.ts';
import { REMOVE_COMMAND } from './cluster/remove.ts';
import { followTask } from './follow-task.ts';
import type { Line } from './line.ts';
import { onInterruption } from './on-interruption.ts';
import { isolationLine, isolationOf, openLocal } from './open-local.ts';
import { modelWords, SCRIPTED_BILL, upstreamOf } from './open-upstream.ts';
import { readEnding } from './read-ending.ts';
import { type Ending, endingLines } from './report.ts';
import { resultObject } from './result-object.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { createScreen, type Screen } from './screen.ts';
import { steadily } from './steadily.ts';
import { readSubject, type Subject } from './subject.ts';

const EXIT = { good: 0, finding: 1, refused: 2, ours: 3, interrupted: 130 } as const;

const NEXT = `
Try next
  npm run demo -- --scenario broken      a fix that breaks another test
  npm run demo -- --scenario injected    an issue that asks for secrets
  npm run demo -- --repo DIR --issue FILE --live      your code, your key`;

/** Said where the scripted answers meet code that they were not written for. */
const FOREIGN =
  '\nThe scripted answers know the sample alone and change nothing here; --live or --upstream URL names a model.';

const interrupted = new AbortController();

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (interrupted.signal.aborted) return EXIT.interrupted;
  if (error instanceof GloveboxError) {
    process.stderr.write(`Refused: ${error.message}\n`);
    return EXIT.refused;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const port = 'port' in error ? `port ${error.port}` : 'the port';
    process.stderr.write(`Refused: ${port} is busy; name another with --port, then run again.\n`);
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
  onInterruption({
    process,
    now: Date.now,
    abort: () => interrupted.abort(new Error('interrupted')),
    say: toStderr,
    leftText: given.kubernetes
      ? `what is left goes with: ${REMOVE_COMMAND}`
      : 'folders called glovebox-* may be left in the temporary folder.',
  });
  const screen = createScreen({
    out: process.stdout,
    json: given.json,
    tty: process.stdout.isTTY === true,
    now: () => new Date(),
  });
  const subject = await readSubject(given);
  try {
    return await play(given, subject, screen);
  } finally {
    await subject.close();
  }
}

async function play(given: DemoArguments, subject: Subject, screen: Screen): Promise<number> {
  const { said, bill } = modelWords(upstreamOf(given));
  const line = await openLine(given, subject, {
    screen,
    first: `Glovebox demo. Emulated: GitHub. ${said}All else is real.${given.repo !== null && bill === SCRIPTED_BILL ? FOREIGN : ''}`,
  });
  try {
    const ending = await playIssue(line, { subject, screen, bill });
    const code = (await strayed(line)) ? EXIT.ours : exitCode(given, ending);
    if (given.keep) await keep(line, given.json ? toStderr : screen.say);
    return code;
  } finally {
    await line.close();
  }
}

/** Says the first two lines and starts the line, here or in a cluster. */
async function openLine(
  given: DemoArguments,
  subject: Subject,
  { screen, first }: { readonly screen: Screen; readonly first: string },
): Promise<Line> {
  if (given.kubernetes) {
    screen.say(`${first}\n${CLUSTER_LINE}`);
    return openCluster(given, subject, { say: screen.say, signal: interrupted.signal });
  }
  const isolation = isolationOf(given);
  const line = await openLocal(given, subject, isolation);
  screen.say(`${first}\n${isolationLine(isolation)}`);
  return line;
}

async function playIssue(
  line: Line,
  play: { subject: Subject; screen: Screen; bill: string },
): Promise<Ending> {
  const { subject, screen, bill } = play;
  const { title, body } = subject;
  const number = await line.hand({ repository: subject.seed.name, title, body });
  screen.say(`\nIssue ${number}: ${title}\n`);
  const look = await followTask(line.db, number, {
    show: ({ stages }) => screen.show(stages),
    signal: interrupted.signal,
  });
  const ending = await steadily(() => readEnding(line, look, bill));
  for (const text of endingLines(ending)) screen.say(text);
  screen.result(resultObject(ending, look.stages));
  screen.say(NEXT);
  return ending;
}

/** True, and said, when a request of ours or a webhook of the emulated GitHub is not as GitHub publishes it. */
async function strayed(line: Line): Promise<boolean> {
  const { violations } = await line.view();
  for (const problem of violations) process.stderr.write(`Errored: not as GitHub publishes it: ${problem}\n`);
  return violations.length > 0;
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

/** Until Ctrl-C where the line ends with this process; in a cluster it stays. */
async function keep(line: Line, say: Screen['say']): Promise<void> {
  const width = Math.max(...line.places.map(([name]) => name.length));
  const places = line.places.map(([name, where]) => `  ${name.padEnd(width)}  ${where}`);
  const head = line.leave ? 'Left running:' : 'Running until you press Ctrl-C:';
  say(['', head, ...places].join('\n'));
  await (line.leave ? line.leave() : untilSignal());
}

function toStderr(text: string): void {
  process.stderr.write(`${text}\n`);
}

function requireGit(): void {
  if (spawnSync('git', ['--version']).status === 0) return;
  throw new GloveboxError({
    code: 'git-missing',
    message: 'git is not on PATH; install git, then run again.',
  });
}
