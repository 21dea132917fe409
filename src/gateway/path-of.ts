/** The target of a request as every part of the gateway reads it, so that no two of them see different paths. */

/** Paths that are what they look like: nothing in them is decoded, resolved or cut off. */
const PLAIN_PATH = /^\/(?!\/)[A-Za-z0-9_/-]*$/;
const PLAIN_TARGET = /^\/(?!\/)[A-Za-z0-9_/-]*(\?[!"$-~]*)?$/;

/** Without its query, dots resolved: `/v1/messages` of `/v1/x/../messages?beta=true`; `/` for what is no target. */
export function pathOf(target: string | undefined): string {
  if (target === undefined) return '/';
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return PLAIN_PATH.test(path) ? path : (parse(target)?.pathname ?? '/');
}

/** The same path with its query, to be sent on. */
export function targetOf(target: string | undefined): string {
  if (target === undefined || PLAIN_TARGET.test(target)) return target ?? '/';
  const parsed = parse(target);
  return parsed === null ? '/' : parsed.pathname + parsed.search;
}

function parse(target: string): URL | null {
  return URL.parse(target, 'http://gateway');
}
