import { describe, expect, it } from 'vitest';
import { readPodFacts } from '../../src/cmd/pod-facts.ts';

const ENV = {
  runnerImage: 'glovebox/runner:1',
  gateway: { host: 'gateway', port: 8_080 },
  canaries: [],
  nameServers: ['198.19.0.10'],
  appArmor: false,
};
const KNOWN = { store: 'a1b2c3', server: '198.19.0.1:443' };

describe('what the environment adds to every pod', () => {
  it('holds the API server and the metadata service beside the operator’s canaries', async () => {
    const facts = await readPodFacts({ ...ENV, canaries: ['198.51.100.10:80', '[fd00::1]:443'] }, KNOWN);
    expect(facts.canaries).toEqual([
      '198.19.0.1:443',
      '169.254.169.254:80',
      '198.51.100.10:80',
      '[fd00::1]:443',
    ]);
  });

  it('gives a canary by its address: a name would be silent in a sandbox whether it is fenced or not', async () => {
    const { canaries } = await readPodFacts({ ...ENV, canaries: ['localhost:5432'] }, KNOWN);
    expect(canaries.at(-1)).toMatch(/^(127\.0\.0\.1|\[::1\]):5432$/);
  });

  it('refuses a canary that nobody knows', async () => {
    const facts = readPodFacts({ ...ENV, canaries: ['nobody.invalid:80'] }, KNOWN);
    await expect(facts).rejects.toMatchObject({
      code: 'canary-unknown',
      message: expect.stringContaining("'nobody.invalid:80'"),
    });
  });

  it('asks the name servers that this process uses, and the node-local one, where none are given', async () => {
    expect((await readPodFacts(ENV, KNOWN)).nameServers).toEqual(['198.19.0.10']);
    const own = await readPodFacts({ ...ENV, nameServers: null }, KNOWN);
    expect(own.nameServers.at(-1)).toBe('169.254.20.10');
  });
});
