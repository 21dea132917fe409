/** The command line: `glovebox COMMAND`. Exit codes: 0 good, 1 a finding, 2 refused or wrong usage, 3 our fault. */
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { readModelKey } from '../config/env.ts';
import { readTextFile, validateCommand } from '../config/validate.ts';
import { systemClock } from '../shared/clock.ts';
import { GloveboxError } from '../shared/errors.ts';
import { systemRandom } from '../shared/ids.ts';
import { type AppCreateArgs, appCreate } from './app-create.ts';
import { runBot } from './bot.ts';
import { type DoctorArgs, runDoctor } from './doctor.ts';
import { runGateway } from './gateway.ts';
import { standaloneGateway } from './gateway-standalone.ts';
import { clusterFacts, jobShowCommand } from './job-show.ts';
import { ledgerCommand } from './ledger.ts';
import { listenProblem } from './listen-problem.ts';
import { dollarsOption, type PricesGiven, portOption, priceOption } from './option-values.ts';
import { runStart } from './start.ts';
import { taskAbortCommand } from './task-abort.ts';
import { taskListCommand } from './task-list.ts';
import { taskShowCommand } from './task-show.ts';
import { untilSignal } from './until-signal.ts';
import { VERSION } from './version.ts';
import { withStore } from './with-store.ts';

const io = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
};

const exitCode = await run(process.argv);
// What could not start may have opened its store or its listeners before it knew, and would stay without serving anybody.
if (exitCode > 1) process.exit(exitCode);
process.exitCode = exitCode;

/** Parses and runs one command; every error ends in one sentence and an exit code. */
async function run(argv: readonly string[]): Promise<number> {
  const codes: number[] = [];
  const done = (code: number): void => void codes.push(code);
  try {
    await program(done).parseAsync([...argv]);
    return codes.at(-1) ?? 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): 0 | 2 | 3 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof GloveboxError) {
    io.error(`Refused: ${error.message}\n`);
    return 2;
  }
  const busy = listenProblem(error);
  if (busy !== null) {
    io.error(`Refused: ${busy}\n`);
    return 2;
  }
  io.error(`Errored: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 3;
}

function program(done: (code: number) => void): Command {
  const root = new Command('glovebox')
    .description('Hands labelled issues to sealed coding agents and returns verified pull requests.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError();
  addProcesses(root, done);
  addReads(root, done);
  addJobs(root, done);
  addApp(root, done);
  root
    .command('validate')
    .description('check a configuration file offline')
    .argument('[path]', 'the file (default .github/glovebox.yml)')
    .option(
      '--admin <file>',
      "the admin's file whose bounds apply (default glovebox.config.yml where it exists)",
    )
    .action(async (path: string | undefined, options: { admin?: string }) =>
      done(await validateCommand({ path, admin: options.admin }, { ...io, read: readTextFile })),
    );
  root
    .command('doctor')
    .description('check everything that a task will need, and say how to mend what does not hold')
    .option('--json', 'one JSON object')
    .option('--kubernetes', "the kubeconfig's cluster too (where GLOVEBOX_SANDBOX says so, by itself)")
    .option('--namespace <name>', "the control plane's namespace", 'glovebox')
    .action(async (options: DoctorArgs) =>
      done(await runDoctor(options, { out: io.out, tty: process.stdout.isTTY })),
    );
  return root;
}

function addProcesses(root: Command, done: (code: number) => void): void {
  root
    .command('start')
    .description('bot and gateway as two processes of this machine')
    .action(async () => done(await runStart(fileURLToPath(import.meta.url))));
  root
    .command('bot')
    .description('webhooks, controller and publisher')
    .action(async () => done(await runBot()));
  root
    .command('gateway')
    .description('the only thing that a sandbox reaches; or, standalone, a metered model gateway')
    .option('--standalone', 'the model side alone, with one token and one budget')
    .option('--upstream <url>', 'Anthropic-compatible upstream (with --standalone)')
    .option('--budget <usd>', 'what may be spent, in US dollars (with --standalone)', dollarsOption)
    .option('--port <n>', 'port, 0 for any (with --standalone)', portOption)
    .option(
      '--price <model=input/output>',
      'what a model costs that has no shipped price, in US dollars per million tokens; 0 is a price (with --standalone)',
      priceOption,
    )
    .option('--store <folder>', 'keeps what was spent beyond the process (with --standalone)')
    .action(async (options: StandaloneOptions) =>
      done(options.standalone ? await runStandalone(options) : await runSandboxGateway(options)),
    );
}

function addApp(root: Command, done: (code: number) => void): void {
  root
    .command('app')
    .description('create our GitHub App')
    .command('create')
    .description("create it on an organisation by GitHub's manifest flow, and write its keys into a file")
    .requiredOption('--org <login>', 'the organisation that owns it')
    .requiredOption('--url <url>', "the bot's public address, https")
    .option('--github <url>', 'web address of GitHub', 'https://github.com')
    .option('--output <path>', 'the file to write, never overwritten', 'glovebox.env')
    .option('--port <n>', 'port of the page on this machine, 0 for any', portOption)
    .action(async (options: AppCreateArgs) =>
      done(await appCreate({ io, fetch, random: systemRandom }, options)),
    );
}

interface StandaloneOptions {
  readonly standalone?: boolean;
  readonly upstream?: string;
  readonly budget?: number;
  readonly port?: number;
  readonly price?: PricesGiven;
  readonly store?: string;
}

/** The gateway proper reads its settings from the environment alone. Error `usage`. */
function runSandboxGateway(options: StandaloneOptions): Promise<number> {
  const [given] = Object.keys(options);
  if (given === undefined) return runGateway();
  throw new GloveboxError({
    code: 'usage',
    message: `--${given} belongs to --standalone: say both, or see docs/configuration.md for the gateway's variables.`,
  });
}

async function runStandalone({ upstream, budget, port, price, store }: StandaloneOptions): Promise<number> {
  if (upstream === undefined || budget === undefined) {
    throw new GloveboxError({
      code: 'usage',
      message: 'glovebox gateway --standalone needs --upstream URL and --budget USD; give both.',
    });
  }
  const gateway = await standaloneGateway(
    { upstream, budgetUsd: budget, port, prices: price, store },
    { ...io, apiKey: readModelKey() },
  );
  await untilSignal();
  await gateway.close();
  return 0;
}

function addReads(root: Command, done: (code: number) => void): void {
  root
    .command('ledger')
    .description('what was spent and reserved per scope')
    .option('--json', 'one JSON object')
    .option('--calls', 'each call')
    .action(async (options: { json?: boolean; calls?: boolean }) =>
      done(
        await withStore((db) =>
          ledgerCommand(
            { db, clock: systemClock, io },
            { json: options.json ?? false, calls: options.calls ?? false },
          ),
        ),
      ),
    );
  const task = root.command('task').description('list, show or stop tasks');
  task
    .command('list')
    .description('tasks, the newest first')
    .option('--json', 'one JSON object a line')
    .action(async (options: { json?: boolean }) =>
      done(await withStore((db) => taskListCommand({ db, io }, { json: options.json ?? false }))),
    );
  task
    .command('show')
    .description("one task's timeline, and what was kept of it")
    .argument('<task>', 'a task id')
    .option('--diff', 'the published change set')
    .option('--transcript', 'the conversation')
    .option('--calls', 'each model call')
    .option('--json', 'one JSON object')
    .action(async (id: string, options: ShowOptions) =>
      done(await withStore((db) => taskShowCommand({ db, io }, { task: id, ...flags(options) }))),
    );
  task
    .command('abort')
    .description('stop a task; what it made so far is kept')
    .argument('<task>', 'a task id')
    .action(async (id: string) =>
      done(await withStore((db) => taskAbortCommand({ db, io }, { task: id, login: userInfo().username }))),
    );
}

function addJobs(root: Command, done: (code: number) => void): void {
  root
    .command('job')
    .description("show a task's Kubernetes Jobs")
    .command('show')
    .description("the Jobs of a task's last round, as YAML")
    .argument('<task>', 'a task id')
    .option('--json', 'one JSON list')
    .action(async (task: string, options: { json?: boolean }) =>
      done(
        await withStore((db) =>
          jobShowCommand({ db, io, facts: () => clusterFacts(db) }, { task, json: options.json }),
        ),
      ),
    );
}

type ShowOptions = Readonly<Partial<Record<'diff' | 'transcript' | 'calls' | 'json', boolean>>>;

function flags({ diff = false, transcript = false, calls = false, json = false }: ShowOptions) {
  return { diff, transcript, calls, json };
}
