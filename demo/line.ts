/** A running line as the demo sees it, on one machine or in a cluster: its record, the emulated GitHub, and its end. */
import type { Db } from '../src/task/open-database.ts';
import type { HostView } from './host-view.ts';

/** An issue that a person of the emulated GitHub opens and labels. */
export interface LabelledIssue {
  readonly repository: string;
  readonly title: string;
  readonly body: string;
}

/** One running line. */
export interface Line {
  /** The task record; a query may fail while the way to it is restored, and is asked again. */
  readonly db: Db;
  /** Opens an issue as somebody with write permission and sets the label; answers its number. */
  hand(issue: LabelledIssue): Promise<number>;
  view(): Promise<HostView>;
  /** What `--keep` prints: a name and an address or a command each. */
  readonly places: readonly (readonly [name: string, where: string])[];
  /** Ends what this process holds and leaves the rest running; null where nothing outlives this process. */
  readonly leave: (() => Promise<void>) | null;
  /** Ends everything and removes what was made; nothing more after `leave`. */
  close(): Promise<void>;
}
