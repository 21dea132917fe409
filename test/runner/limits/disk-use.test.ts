import {
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deletedButOpenBytes } from '../../../src/runner/limits/deleted-files.ts';
import { measureDiskUse } from '../../../src/runner/limits/disk-use.ts';
import { type RunnerSandbox, runnerSandbox, writeFiles } from '../../fixtures/runner-sandbox.ts';

let box: RunnerSandbox;
beforeEach(() => {
  box = runnerSandbox();
});
afterEach(() => {
  box.remove();
});

const MOST = { bytes: 1e12, files: 1e9 };
const MB = Buffer.alloc(1_000_000);
const count = (most = MOST, opening = false) => measureDiskUse(box.path('prepared'), most, opening);

describe('a count', () => {
  test('is of blocks and entries, in every folder', async () => {
    writeFiles(box.path('prepared'), { a: MB, 'b/c/d': MB });
    const { bytes, files, hasClosed } = await count();
    expect(bytes).toBeGreaterThan(2_000_000);
    expect(bytes).toBeLessThan(2_200_000);
    expect([files, hasClosed]).toEqual([4, false]);
  });

  test('takes a file with several names once, follows no link, and knows holes', async () => {
    writeFiles(box.path('prepared'), { a: MB });
    linkSync(box.path('prepared/a'), box.path('prepared/b'));
    symlinkSync('/usr', box.path('prepared/c'));
    writeFileSync(box.path('prepared/hole'), '');
    truncateSync(box.path('prepared/hole'), 1e10);
    const { bytes, files } = await count();
    expect(bytes).toBeLessThan(1_200_000);
    expect(files).toBe(3);
  });

  test('ends as soon as too much is seen', async () => {
    for (let index = 0; index < 50; index++) writeFiles(box.path('prepared'), { [`f${index}/x`]: 'x' });
    expect((await count({ bytes: 1e12, files: 55 })).files).toBeLessThan(60);
  });

  test('keeps names that are no UTF-8', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${box.path('prepared')}/`), Buffer.from([0xff, 0xfe])]), MB);
    expect((await count()).bytes).toBeGreaterThan(990_000);
  });

  test('says that a folder was closed; opens it where it must, and closes it again', async () => {
    writeFiles(box.path('prepared'), { 'closed/deep/a': MB });
    chmodSync(box.path('prepared/closed'), 0o000);
    expect((await count()).hasClosed).toBe(true);
    const opened = await count(MOST, true);
    expect(opened.bytes).toBeGreaterThan(990_000);
    expect(statSync(box.path('prepared/closed')).mode & 0o777).toBe(0o000);
    chmodSync(box.path('prepared/closed'), 0o700);
  });
});

test('a file that is deleted while it is open is found', () => {
  const path = box.path('prepared/gone');
  writeFileSync(path, MB);
  const fd = openSync(path, 'r');
  try {
    const before = deletedButOpenBytes();
    rmSync(path);
    expect(deletedButOpenBytes() - before).toBeGreaterThan(990_000);
  } finally {
    closeSync(fd);
  }
});
