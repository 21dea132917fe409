/**
 * Where an App is to be created and for which bot: the command line's words, checked before anything is shown or sent,
 * since they end up in links, in a form's target and in the address that takes the one-time code.
 */
import { GloveboxError } from '../../shared/errors.ts';

/** What the command line says. */
export interface TargetArgs {
  readonly org: string;
  /** The bot's public address. */
  readonly url: string;
  /** Web address of GitHub; left out, github.com. */
  readonly github?: string | undefined;
}

/** Checked words; addresses carry no slash at their end. */
export interface AppTarget {
  readonly org: string;
  readonly url: string;
  readonly webhookUrl: string;
  readonly githubUrl: string;
  /** REST API: api.github.com, api.SUB.ghe.com, or HOST/api/v3 of a GitHub Enterprise Server. */
  readonly apiUrl: string;
}

const ORG = /^[a-z0-9](?:[a-z0-9-]{0,38})$/i;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const DEFAULT_GITHUB = 'https://github.com';

/** Reads them. Errors: `org-invalid`, `url-invalid`, `github-invalid`. */
export function readTarget({ org, url, github = DEFAULT_GITHUB }: TargetArgs): AppTarget {
  if (!ORG.test(org)) {
    throw new GloveboxError({
      code: 'org-invalid',
      message: `Invalid --org ${JSON.stringify(org.slice(0, 80))}: expected an organisation's login, such as 'octo-org'.`,
    });
  }
  const publicUrl = readUrl(url);
  if (publicUrl === null) throw invalid('url', 'https://glovebox.example.com', url);
  const githubUrl = readUrl(github);
  if (githubUrl === null || githubUrl.pathname !== '/') throw invalid('github', DEFAULT_GITHUB, github);
  const bot = withoutSlash(publicUrl.href);
  return {
    org,
    url: bot,
    webhookUrl: `${bot}/api/github/webhooks`,
    githubUrl: githubUrl.origin,
    apiUrl: apiUrlOf(githubUrl),
  };
}

/** The settings page of the organisation's Apps, or of one of them. */
export function settingsUrl({ githubUrl, org }: AppTarget, slug?: string): string {
  const apps = `${githubUrl}/organizations/${org}/settings/apps`;
  return slug === undefined ? apps : `${apps}/${encodeURIComponent(slug)}`;
}

/** An https address (http on this machine) without credentials, query and fragment; null for anything else. */
function readUrl(text: string): URL | null {
  const url = URL.parse(text);
  if (url === null || /[?#@\s]/.test(text)) return null;
  const local = url.protocol === 'http:' && LOOPBACK.test(url.hostname);
  return url.protocol === 'https:' || local ? url : null;
}

/** https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#path */
function apiUrlOf({ origin, host, protocol }: URL): string {
  if (origin === DEFAULT_GITHUB) return 'https://api.github.com';
  return host.endsWith('.ghe.com') ? `${protocol}//api.${host}` : `${origin}/api/v3`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** A value with credentials in it is not repeated. */
function invalid(option: 'url' | 'github', example: string, value: string): GloveboxError {
  const shown = value.includes('@') ? '' : ` ${JSON.stringify(value.slice(0, 200))}`;
  return new GloveboxError({
    code: `${option}-invalid`,
    message: `Invalid --${option}${shown}: expected an https address (http on this machine only) without user, query and fragment, such as '${example}'.`,
  });
}
