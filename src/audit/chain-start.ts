/** Where every chain begins, a task's and an installation's alike. */
import { digestOf } from '../shared/digest.ts';

/** The hash before a chain's first event or link. */
export const CHAIN_START = digestOf('glovebox audit chain v1');
