/** Our GitHub App: its key, its permissions against app.yml (none missing, none beyond), its installations and webhook. */
import { APP_EVENTS, APP_PERMISSIONS } from '../../app/app-permissions.ts';
import { type Check, type Finding, fails, ok, warns } from '../check.ts';

/** Levels by permission, as GitHub says them. */
export type Permissions = Readonly<Record<string, string>>;

/** What GitHub knows of our App. */
export interface AppFacts {
  readonly name: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
  readonly installations: readonly {
    readonly account: string;
    readonly permissions: Permissions;
    readonly isSuspended: boolean;
  }[];
  /** Null where the App has none. */
  readonly webhook: { readonly url: string; readonly isInsecure: boolean } | null;
  /** The latest delivery; null where there was none yet. */
  readonly delivery: { readonly event: string; readonly at: string; readonly status: number } | null;
}

/** `look` answers with the facts, or why it could not ask. Its errors: `github-refused`, `github-unavailable`. */
export function githubAppCheck(look: () => Promise<AppFacts | Finding>): Check {
  return {
    name: 'GitHub App',
    timeoutMs: 60_000,
    remedy: 'check GITHUB_APP_ID and GITHUB_PRIVATE_KEY (of one App), GITHUB_API_URL, and the clock',
    run: async () => {
      const facts = await look();
      return 'state' in facts ? [facts] : judgeApp(facts);
    },
  };
}

const SETTINGS = "the App's settings page, Permissions & events";

/** Pure: one line for the key and what it opens, one for each thing that is wrong. */
export function judgeApp(facts: AppFacts): readonly Finding[] {
  const wrong = [...judgePermissions(facts), ...judgeEvents(facts), ...judgeWebhook(facts)];
  const installed = judgeInstallations(facts);
  const valid = 'key valid, no permission beyond app.yml';
  return wrong.some(({ state }) => state === 'fails')
    ? [...wrong, ...installed]
    : [ok(valid), ...wrong, ...installed];
}

function judgePermissions({ permissions }: AppFacts): Finding[] {
  const missing = missingOf(permissions);
  const beyond = Object.entries(permissions)
    .filter(([name, level]) => rank(level) > rank(wanted(name)))
    .map(([name, level]) => `${name}: ${level}`);
  const found: Finding[] = [];
  if (missing.length > 0) {
    found.push(
      fails(`lacks ${missing.join(', ')}`, `grant it on ${SETTINGS}; each organisation must then accept it`),
    );
  }
  if (beyond.length > 0) {
    found.push(
      fails(`may do more than app.yml asks for: ${beyond.join(', ')}`, `take it away on ${SETTINGS}`),
    );
  }
  return found;
}

function judgeEvents({ events }: AppFacts): Finding[] {
  const missing = APP_EVENTS.map(({ name }) => name).filter((name) => !events.includes(name));
  return missing.length === 0
    ? []
    : [fails(`is not told of ${missing.join(', ')}`, `subscribe to it on ${SETTINGS}`)];
}

function judgeWebhook({ webhook, delivery }: AppFacts): Finding[] {
  if (webhook === null) {
    return [fails('has no webhook', "set the bot's public address on the App's settings page, Webhook")];
  }
  const found: Finding[] = [];
  if (webhook.isInsecure) {
    found.push(
      fails(`the webhook to ${webhook.url} goes unverified`, 'enable SSL verification of the webhook'),
    );
  }
  if (delivery !== null && (delivery.status < 200 || delivery.status > 299)) {
    const status = delivery.status === 0 ? 'not answered' : `answered ${delivery.status}`;
    found.push(
      warns(
        `the latest webhook (${delivery.event}, ${delivery.at}) was ${status}`,
        `see that GitHub reaches ${webhook.url}, and that GITHUB_WEBHOOK_SECRET is the App's`,
      ),
    );
  }
  return found;
}

function judgeInstallations({ name, installations }: AppFacts): Finding[] {
  if (installations.length === 0) {
    return [warns('is installed nowhere', `install ${name} on an organisation's repositories`)];
  }
  return installations.flatMap(({ account, permissions, isSuspended }) => {
    if (isSuspended) return [warns(`is suspended by ${account}`, `an owner of ${account} can unsuspend it`)];
    const missing = missingOf(permissions);
    if (missing.length === 0) return [];
    return [
      fails(`${account} has not accepted ${missing.join(', ')}`, `an owner of ${account} accepts it there`),
    ];
  });
}

function missingOf(permissions: Permissions): string[] {
  return APP_PERMISSIONS.filter(({ name, access }) => rank(permissions[name]) < rank(access)).map(
    ({ name, access }) => `${name}: ${access}`,
  );
}

function wanted(permission: string): string | undefined {
  return APP_PERMISSIONS.find(({ name }) => name === permission)?.access;
}

/** A level that we do not know counts as more than any that we do. */
function rank(level: string | undefined): number {
  if (level === undefined) return 0;
  const known = ['read', 'write'].indexOf(level);
  return known === -1 ? 3 : known + 1;
}
