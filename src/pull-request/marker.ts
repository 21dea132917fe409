/**
 * The hidden last line of everything that we post. Recovery finds its own comments by our app's id and this marker; the
 * HMAC keeps text that we were made to repeat from passing for one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a marker says: whose task, which surface. */
export interface Marker {
  readonly taskId: string;
  readonly surface: string;
}

const PATTERN = /<!-- glovebox:v1 task=([2-9a-hjkmnp-z]{6}) surface=([a-z0-9-]+) mac=([0-9a-f]{16}) -->\s*$/;

/** Appends the marker after a blank line. */
export function withMarker(body: string, marker: Marker, key: Uint8Array): string {
  return `${body.trimEnd()}\n\n<!-- glovebox:v1 task=${marker.taskId} surface=${marker.surface} mac=${mac(marker, key)} -->`;
}

/** The marker at a text's end, or null when there is none that this key made. */
export function readMarker(body: string, key: Uint8Array): Marker | null {
  const [, taskId, surface, given] = PATTERN.exec(body) ?? [];
  if (!taskId || !surface || !given) return null;
  const marker = { taskId, surface };
  return timingSafeEqual(Buffer.from(given), Buffer.from(mac(marker, key))) ? marker : null;
}

function mac(marker: Marker, key: Uint8Array): string {
  return createHmac('sha256', key)
    .update(`glovebox marker\0${marker.taskId}\0${marker.surface}`)
    .digest('hex')
    .slice(0, 16);
}
