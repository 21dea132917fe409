/**
 * fetch: exactly one commit, depth 1, from the gateway's git read proxy into `source`, its files as the blobs' bytes.
 * Limits are checked on the tree object before a single file is written.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FetchSpec } from '../../result/contract/phase-spec.ts';
import { type Forwarder, startForwarder } from '../gateway/forwarder.ts';
import type { PhaseContext } from '../phase-context.ts';
import { PhaseFailedError } from '../phase-failed.ts';
import { toolEnv } from '../process/tool-env.ts';
import { type GitDeps, git } from './git-command.ts';
import { assertTreeFits } from './tree-limits.ts';

/** Attributes of `.git/info` rank above the tree's own: no end-of-line, ident, filter or encoding conversion. */
const BLOB_BYTES = '* -text -eol -ident -filter -working-tree-encoding\n';
/** Failures of git's own; while the gateway is away, time alone counts. */
const TRIES = 5;
const AWAY_PATIENCE_MS = 5 * 60_000;
const MOST_WAIT_MS = 4_000;

/** Fails as `fetch-failed` or `tree-unsupported`. */
export async function runFetch(context: PhaseContext, spec: FetchSpec): Promise<void> {
  const { layout, report } = context;
  const source = layout.source;
  if (source === null)
    throw new PhaseFailedError({ code: 'internal', message: 'fetch has no source folder.' });
  const deps: GitDeps = {
    path: toolEnv(layout)['PATH'] ?? '',
    home: layout.home,
    timeoutMs: spec.limits.wallClockMs,
    signal: context.stop,
  };
  report.step(`fetching base ${spec.baseSha.slice(0, 7)}`);
  mkdirSync(source, { recursive: true });
  const format = spec.baseSha.length === 64 ? 'sha256' : 'sha1';
  await git(deps, [
    'init',
    '--quiet',
    '--template=',
    `--object-format=${format}`,
    '--end-of-options',
    source,
  ]);
  mkdirSync(join(source, '.git', 'info'), { recursive: true });
  writeFileSync(join(source, '.git', 'info', 'attributes'), BLOB_BYTES);
  await fetchCommit(context, spec, deps, source);
  const trackedFiles = await assertTreeFits(deps, source, spec);
  // git 2.39 takes no `--end-of-options` here; the contract lets nothing but hex digits through.
  await git(deps, ['-C', source, 'checkout', '--quiet', '--detach', '--force', spec.baseSha, '--']);
  report.fact({ trackedFiles });
  report.step(`base ${spec.baseSha.slice(0, 7)}, ${trackedFiles} files`);
}

/** A restart of our side cuts git's connection, which git does not try again; we do. */
async function fetchCommit(
  context: PhaseContext,
  spec: FetchSpec,
  deps: GitDeps,
  source: string,
): Promise<void> {
  const { layout } = context;
  const forwarder = await startForwarder({
    target: layout.gateway,
    tokenFile: layout.tokenFile,
    paths: [`${spec.gitPath}/`],
  });
  const options = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
  const args = [
    '-C',
    source,
    'fetch',
    ...options,
    '--end-of-options',
    forwarder.origin + spec.gitPath,
    spec.baseSha,
  ];
  try {
    await tryAgain(context, forwarder, () => git(deps, args));
  } finally {
    await forwarder.close();
  }
}

async function tryAgain(
  { clock, stop }: PhaseContext,
  forwarder: Forwarder,
  run: () => Promise<unknown>,
): Promise<void> {
  const awayUntil = clock.now() + AWAY_PATIENCE_MS;
  for (let attempt = 1, failures = 0; ; attempt++) {
    const awayBefore = forwarder.timesAway();
    const error = await run().then(() => null, asError);
    if (error === null) return;
    const wasAway = forwarder.timesAway() > awayBefore && clock.now() < awayUntil;
    failures += wasAway ? 0 : 1;
    if (failures === TRIES || stop.aborted) throw error;
    await clock.sleep(Math.min(MOST_WAIT_MS, 250 * 2 ** attempt), stop).catch(() => {});
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
