import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watchLimits } from '../../../src/runner/limits/watch-limits.ts';
import { withinLimits } from '../../../src/runner/limits/within-limits.ts';
import { writablePlaces } from '../../../src/runner/limits/writable-places.ts';
import type { PhaseContext } from '../../../src/runner/phase-context.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { LIMITS, type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
let over: AbortController;
beforeEach(() => {
  box = runnerSandbox();
  over = new AbortController();
});
afterEach(() => {
  over.abort();
  box.remove();
});

function watch(change: Partial<typeof LIMITS>, places = [box.path('prepared')], tasks = () => 1) {
  return watchLimits({
    clock: systemClock,
    limits: { ...LIMITS, ...change },
    places,
    tasks,
    signal: over.signal,
  });
}

describe('the watch says', () => {
  test('which folder holds too much', async () => {
    const passed = watch({ diskBytes: 500_000 });
    writeFiles(box.path('prepared'), { a: Buffer.alloc(1_000_000) });
    expect(await passed).toMatchObject({
      kind: 'disk',
      message: expect.stringContaining(box.path('prepared')),
    });
  });

  test('when there are too many files', async () => {
    const passed = watch({ files: 10 });
    for (let index = 0; index < 20; index++) writeFiles(box.path('prepared'), { [`f${index}`]: '' });
    expect(await passed).toMatchObject({ kind: 'disk', message: expect.stringContaining('10 files') });
  });

  test('when a single file that no volume holds grows', async () => {
    writeFileSync(box.path('message'), Buffer.alloc(1_000_000));
    const passed = watch({ diskBytes: 500_000 }, [box.path('prepared'), box.path('message')]);
    expect(await passed).toMatchObject({ kind: 'disk', message: expect.stringContaining('message') });
  });

  test('when there are too many processes', async () => {
    expect(await watch({ processes: 10 }, [], () => 11)).toMatchObject({ kind: 'processes' });
  });

  test('nothing where all is well, until it is over', async () => {
    writeFiles(box.path('prepared'), { a: Buffer.alloc(100_000) });
    const passed = watch({});
    over.abort();
    expect(await passed).toBeNull();
  });
});

test('places are the writable mounts that hold a folder of the layout, each once', () => {
  const mounts = [
    '1 0 0:1 / / ro - overlay overlay ro',
    '2 1 0:2 / /proc rw - proc proc rw',
    '3 1 0:3 / /source ro,relatime - ext4 /dev/x rw',
    '4 1 0:3 / /workspace rw,relatime - ext4 /dev/x rw',
    '5 1 0:3 / /tmp rw - ext4 /dev/x rw',
    '6 1 0:3 / /run/glovebox ro - tmpfs tmpfs rw',
  ].join('\n');
  const layout = {
    ...box.layout,
    source: '/source',
    prepared: '/workspace/repo',
    home: '/workspace/home',
    tmp: '/tmp',
    scratch: null,
    results: null,
    sealed: null,
  };
  const places = writablePlaces(layout, mounts).filter((place) => !place.startsWith('/dev/'));
  expect(places).toEqual(['/workspace', '/tmp']);
});

describe('a part', () => {
  const inPod = (change: Partial<PhaseContext> = {}): PhaseContext => ({
    ...box.context,
    layout: { ...box.layout, gateway: { origin: 'http://gateway:8080' } },
    ...change,
  });
  const none = { ...LIMITS, processes: 0 };

  test('that passes a limit is stopped, hears which, and ends as that', async () => {
    const heard: unknown[] = [];
    const part = ({ stop, passedLimit }: PhaseContext) =>
      new Promise<void>((resolve) => {
        stop.addEventListener('abort', () => {
          heard.push(passedLimit());
          resolve();
        });
      });
    await expect(withinLimits(inPod(), none, part)).rejects.toMatchObject({
      limit: 'processes',
      failure: { code: 'limit' },
    });
    expect(heard).toEqual(['processes']);
  });

  test('that stays within them ends as it does', async () => {
    const few = { ...LIMITS, processes: 1_000_000 };
    await withinLimits(inPod(), few, async () => {});
    await expect(withinLimits(inPod(), few, () => Promise.reject(new Error('its own')))).rejects.toThrow(
      'its own',
    );
  });

  test('on one machine is watched by its adapter, not by us', async () => {
    await withinLimits(box.context, none, () => systemClock.sleep(300));
  });
});
