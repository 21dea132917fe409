import { describe, expect, it } from 'vitest';
import { bwrapArguments } from '../../../../src/job/process-sandbox/bubblewrap/bwrap-arguments.ts';
import type { HostView } from '../../../../src/job/process-sandbox/bubblewrap/host-view.ts';
import { OPEN_REACH, privateReach } from '../../../../src/job/process-sandbox/bubblewrap/private-reach.ts';
import { jobFolders } from '../../../../src/job/process-sandbox/job-folders.ts';
import type { PhaseCommand } from '../../../../src/job/process-sandbox/options.ts';
import { PHASES, type Phase } from '../../../../src/result/contract/phase-spec.ts';
import { jobSpec } from '../../../fixtures/process-sandbox.ts';

const host: HostView = {
  readOnly: [{ from: '/state/life/tools/runner.mjs', to: '/opt/glovebox/runner.mjs' }],
  rootLinks: [{ path: '/bin', target: 'usr/bin' }],
  gatewaySocket: '/state/gateway/gateway.sock',
  reach: OPEN_REACH,
};

function argumentsOf(phase: Phase, view: HostView = host): readonly string[] {
  const command: PhaseCommand = {
    phase,
    limits: jobSpec('none', {}).limits,
    user: null,
    folders: jobFolders('/state/life/jobs/gb-1'),
    toolEnv: {},
    admit: () => undefined,
  };
  return bwrapArguments(command, view);
}

/** Binds as `MODE FROM TO`. */
function binds(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, index) =>
    arg === '--bind' || arg === '--ro-bind' ? [`${arg.slice(2)} ${args[index + 1]} ${args[index + 2]}`] : [],
  );
}

describe('bwrapArguments', () => {
  it.each(PHASES)('walls %s off, whatever it binds', (phase) => {
    const args = argumentsOf(phase);
    for (const flag of [
      '--unshare-all',
      '--unshare-user',
      '--disable-userns',
      '--die-with-parent',
      '--clearenv',
    ]) {
      expect(args).toContain(flag);
    }
    expect(args.join(' ')).toContain('--cap-drop ALL');
    expect(args.join(' ')).toContain('--remount-ro /dev');
    expect(args.join(' ')).toContain('--remount-ro / ');
    expect(args).not.toContain('--dev-bind');
    expect(args).not.toContain('--share-net');
  });

  it('gives work its workspace, its home and the way to the gateway', () => {
    expect(binds(argumentsOf('work')).slice(2)).toEqual([
      'ro-bind /state/life/jobs/gb-1/volumes/source /source',
      'bind /state/life/jobs/gb-1/volumes/prepared /workspace/repo',
      'bind /state/life/jobs/gb-1/volumes/home /home/agent',
      'ro-bind /state/life/jobs/gb-1/phases/work /run/phase',
      'ro-bind /state/gateway /run/glovebox',
    ]);
  });

  it('gives verify no way to the gateway', () => {
    const seen = binds(argumentsOf('verify'));
    expect(seen.filter((bind) => bind.includes('gateway'))).toEqual([]);
    expect(seen).toContain('ro-bind /state/life/jobs/gb-1/volumes/sealed /sealed');
  });

  it('gives deliver no repository code', () => {
    expect(binds(argumentsOf('deliver')).slice(2)).toEqual([
      'ro-bind /state/life/jobs/gb-1/volumes/results /results',
      'bind /state/life/jobs/gb-1/volumes/sealed /sealed',
      'ro-bind /state/life/jobs/gb-1/phases/deliver /run/phase',
      'ro-bind /state/gateway /run/glovebox',
    ]);
  });

  it('names our folders as bwrap sees them where root’s are closed to its uid', () => {
    const reach = privateReach('/state/life', '/state/gateway/gateway.sock');
    const seen = binds(argumentsOf('work', { ...host, reach })).slice(1);
    expect(seen.filter((bind) => bind.includes(' /state'))).toEqual([]);
    expect(seen).toContain('ro-bind /mnt/state/tools/runner.mjs /opt/glovebox/runner.mjs');
    expect(seen).toContain('ro-bind /mnt/gateway /run/glovebox');
  });
});
