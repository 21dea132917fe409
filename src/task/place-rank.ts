/**
 * Who goes first where places for sandboxes are short: what is sealed and waits for its judge, then new work. A verify job
 * beside the agent is a wish: it takes a place that nobody waits for, and stands in no line.
 */
export const PLACE_RANK = { sealed: 0, work: 1, early: 2 } as const;
export type PlaceRank = (typeof PLACE_RANK)[keyof typeof PLACE_RANK];
