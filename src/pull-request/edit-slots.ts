/**
 * When the status comment may be edited: 15 s, 1, 2, 4, 8, 16 min after its creation, then every 15 min, so that an hour
 * costs at most 9 edits with the ending, which skips the slots.
 */

const FIRST_SLOTS_MS = [15_000, 60_000, 120_000, 240_000, 480_000, 960_000] as const;
const EVERY_MS = 900_000;

/** The first slot after `lastEditMs` (both since creation, in milliseconds). */
export function nextSlotMs(lastEditMs: number): number {
  const early = FIRST_SLOTS_MS.find((slot) => slot > lastEditMs);
  if (early !== undefined) return early;
  const last = FIRST_SLOTS_MS[FIRST_SLOTS_MS.length - 1] ?? 0;
  return last + (Math.floor((lastEditMs - last) / EVERY_MS) + 1) * EVERY_MS;
}

/** From the slot that has come to the next one, in milliseconds: no pending text waits longer. */
export function slotGapMs(sinceCreationMs: number): number {
  const passed = FIRST_SLOTS_MS.findLast((slot) => slot <= sinceCreationMs) ?? 0;
  const next = nextSlotMs(sinceCreationMs);
  return Math.min(EVERY_MS, next - passed);
}
