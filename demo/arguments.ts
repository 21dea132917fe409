/** The demo's command line. */
import { parseArgs } from 'node:util';
import { parseUpstream } from '../src/gateway/model/anthropic-upstream.ts';
import { GloveboxError } from '../src/shared/errors.ts';
import { SCENARIOS } from './scenarios/all.ts';

export interface DemoArguments {
  readonly json: boolean;
  readonly scenario: string;
  /** A local git repository instead of the sample. */
  readonly repo: string | null;
  /** A Markdown file: title in the first line, body below. */
  readonly issue: string | null;
  readonly config: string | null;
  readonly isolation: 'bubblewrap' | 'none' | null;
  /** In the cluster of the current context, instead of on this machine. */
  readonly kubernetes: boolean;
  /** Where its images are; null builds them. */
  readonly images: string | null;
  readonly upstream: string | null;
  readonly live: boolean;
  readonly keep: boolean;
  readonly port: number;
}

export const HELP = `npm run demo -- [options]

  --scenario NAME     ${Object.values(SCENARIOS)
    .map((one) => `${one.name}: ${one.about}`)
    .join('\n                      ')}
  --repo DIR          a local git repository instead of the sample; it needs a configuration file
  --issue FILE        the issue as Markdown, its title in the first line (with --repo)
  --config FILE       the repository's configuration, instead of its .github/glovebox.yml
  --isolation MODE    bubblewrap (default where it works) or none
  --kubernetes        in the cluster of kubectl's current context, in namespaces of its own
  --images PREFIX     its images: PREFIX/control, PREFIX/runner and PREFIX/demo, at PREFIX:TAG that tag
                      (default: built for the test cluster); PostgreSQL's and Node's are Docker Hub's
  --upstream URL      an Anthropic-compatible model instead of the scripted one
  --live              Anthropic's API, with ANTHROPIC_API_KEY from the environment
  --port N            port of the emulated GitHub (default: any free one)
  --keep              leave everything running and print the addresses
  --json              JSON lines only
`;

/** Parses the command line. Error `usage` names what is wrong. */
export function readArguments(argv: readonly string[]): DemoArguments | 'help' {
  const { values } = parse(argv);
  if (values.help) return 'help';
  const {
    json = false,
    live = false,
    keep = false,
    repo = null,
    issue = null,
    config = null,
    upstream = null,
  } = values;
  if (upstream !== null) parseUpstream(upstream);
  checkSubject(values);
  return {
    json,
    live,
    keep,
    repo,
    issue,
    config,
    upstream,
    scenario: scenarioOf(values.scenario ?? 'fix'),
    isolation: isolationOf(values.isolation),
    port: portOf(values.port ?? '0'),
    ...placeOf(values),
  };
}

/** The sample has its own configuration, and scenarios are the sample's. */
function checkSubject({ repo, issue, config, scenario }: ReturnType<typeof parse>['values']): void {
  if ((repo === undefined) !== (issue === undefined)) {
    throw usage(
      '--repo and --issue belong together: name a local git repository and a Markdown file with the issue.',
    );
  }
  if (repo === undefined && config !== undefined)
    throw usage('--config belongs to --repo and --issue: say all three.');
  if (repo !== undefined && scenario !== undefined)
    throw usage('--scenario is for the sample: leave it out with --repo.');
}

function placeOf(values: {
  readonly kubernetes?: boolean;
  readonly images?: string;
  readonly isolation?: string;
  readonly port?: string;
}): Pick<DemoArguments, 'kubernetes' | 'images'> {
  const { kubernetes = false, images = null } = values;
  if (!kubernetes && images !== null) throw usage('--images belongs to --kubernetes: say both.');
  if (!kubernetes) return { kubernetes, images };
  const local = (['isolation', 'port'] as const).find((name) => values[name] !== undefined);
  if (local !== undefined) throw usage(`--${local} is for one machine: leave it out with --kubernetes.`);
  return { kubernetes, images };
}

function scenarioOf(name: string): string {
  if (Object.hasOwn(SCENARIOS, name)) return name;
  throw usage(`Unknown scenario '${name}': expected one of ${Object.keys(SCENARIOS).join(', ')}.`);
}

function isolationOf(mode: string | undefined): DemoArguments['isolation'] {
  if (mode === undefined) return null;
  if (mode === 'bubblewrap' || mode === 'none') return mode;
  throw usage(`Invalid --isolation '${mode}': expected 'bubblewrap' or 'none'.`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw usage(`Invalid --port '${text}': expected 0 to 65535.`);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        scenario: { type: 'string' },
        repo: { type: 'string' },
        issue: { type: 'string' },
        config: { type: 'string' },
        isolation: { type: 'string' },
        upstream: { type: 'string' },
        live: { type: 'boolean' },
        keep: { type: 'boolean' },
        port: { type: 'string' },
        kubernetes: { type: 'boolean' },
        images: { type: 'string' },
      },
    });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.replace(/\.$/, '') : 'Wrong usage';
    throw usage(`${said}. \`npm run demo -- --help\` lists the options.`);
  }
}

function usage(message: string): GloveboxError {
  return new GloveboxError({ code: 'usage', message });
}
