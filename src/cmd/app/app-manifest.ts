/**
 * The manifest that GitHub is asked to make an App of. Source:
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
import { APP_DESCRIPTION, APP_EVENTS, APP_PERMISSIONS } from './app-permissions.ts';
import type { AppTarget } from './app-target.ts';

/** GitHub takes no longer names. */
const MAX_NAME = 34;

/** The manifest's JSON as GitHub names its keys. */
export interface AppManifest {
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly hook_attributes: { readonly url: string; readonly active: true };
  readonly redirect_url: string;
  readonly public: false;
  readonly default_permissions: Readonly<Record<string, 'read' | 'write'>>;
  readonly default_events: readonly string[];
}

/** Builds it. Names of Apps are unique on all of GitHub, so ours carries the organisation's. */
export function appManifest(target: AppTarget, redirectUrl: string): AppManifest {
  return {
    name: `Glovebox ${target.org}`.slice(0, MAX_NAME),
    url: target.url,
    description: APP_DESCRIPTION,
    hook_attributes: { url: target.webhookUrl, active: true },
    redirect_url: redirectUrl,
    public: false,
    default_permissions: Object.fromEntries(APP_PERMISSIONS.map(({ name, access }) => [name, access])),
    default_events: APP_EVENTS.map(({ name }) => name),
  };
}
