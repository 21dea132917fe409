/** `npm run bench`: every bench in one run, as labelled ratios with their goals. `--json` for machines, `--only NAME` for one. */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { clusterFolder, clusterHere } from '../test/fixtures/cluster.ts';
import { postgresUrl } from '../test/fixtures/test-store.ts';
import { benchCluster } from './cluster.ts';
import { benchController } from './controller.ts';
import { benchDemo } from './demo.ts';
import { benchGateway } from './gateway.ts';
import { isMet, type Ratio } from './ratio.ts';
import { benchTranscript } from './transcript.ts';
import { benchWebhooks } from './webhooks.ts';

const WITHOUT_POSTGRES = 'needs GLOVEBOX_TEST_DATABASE_URL, a PostgreSQL server where databases may be made';
const WITHOUT_CLUSTER = `needs the test cluster: no API server answers for '${clusterFolder}' (GLOVEBOX_TEST_CLUSTER)`;

/** Each answers its ratios, or why it is left out. */
const BENCHES: Readonly<Record<string, () => Promise<readonly Ratio[]> | string>> = {
  gateway: () => (postgresUrl === undefined ? WITHOUT_POSTGRES : benchGateway({ postgresUrl })),
  webhooks: () => (postgresUrl === undefined ? WITHOUT_POSTGRES : benchWebhooks(postgresUrl)),
  transcript: () => benchTranscript(),
  controller: () => (postgresUrl === undefined ? WITHOUT_POSTGRES : benchController(postgresUrl)),
  demo: () => benchDemo(),
  cluster: () => (clusterHere ? benchCluster() : WITHOUT_CLUSTER),
};

const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });
const names = Object.keys(BENCHES);
if (values.only !== undefined && !names.includes(values.only)) {
  process.stderr.write(`Unknown bench '${values.only}': expected one of ${names.join(', ')}.\n`);
  process.exit(2);
}
say(
  values.json === true ? null : `Load average ${loadText()}: other work on this machine counts against us.`,
);
for (const name of names.filter((each) => values.only === undefined || each === values.only)) await run(name);

async function run(name: string): Promise<void> {
  const ratios = await BENCHES[name]?.();
  if (ratios === undefined || typeof ratios === 'string') {
    say(
      values.json === true ? JSON.stringify({ bench: name, leftOut: ratios }) : `LEFT OUT ${name}: ${ratios}`,
    );
    return;
  }
  for (const ratio of ratios) {
    say(
      values.json === true
        ? JSON.stringify({ bench: name, ...ratio, met: isMet(ratio), load: loadavg()[0] })
        : line(ratio),
    );
  }
}

function line(ratio: Ratio): string {
  const met = isMet(ratio);
  const word = met === null ? 'told' : met ? 'met' : 'NOT MET';
  const sign = ratio.good === 'at-most' ? '<=' : '>=';
  const goal = ratio.goal === null ? '' : `goal ${sign} ${ratio.goal} ${ratio.unit}`;
  const value = `${ratio.value.toFixed(2)} ${ratio.unit}`.padStart(9);
  return `${word.padEnd(8)} ${ratio.label.padEnd(40)} ${value}  ${goal.padEnd(16)} ${ratio.detail}`;
}

function loadText(): string {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(', ');
}

function say(text: string | null): void {
  if (text !== null) process.stdout.write(`${text}\n`);
}
