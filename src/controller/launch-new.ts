/** A job that is new takes a place in its namespace: launched where one is free, else the task stands in line for it. Pure. */
import { PLACE_RANK, type PlaceRank } from '../task/place-rank.ts';
import type { TaskRecord } from '../task/record.ts';
import type { Action } from './action.ts';
import type { Moment } from './observation.ts';

/** A job that the record does not have yet. */
export interface NewLaunch {
  readonly kind: 'work' | 'verify';
  readonly number: number;
  readonly rank: PlaceRank;
}

/** Null: the task stands in line already, or the wish has to wait. */
export function launchNew(record: TaskRecord, moment: Moment, wish: NewLaunch): Action | null {
  const { kind, number, rank } = wish;
  if (moment.room) return { do: 'launch', kind, number, rank };
  if (rank === PLACE_RANK.early || record.waiting?.rank === rank) return null;
  return { do: 'ask-place', rank };
}
