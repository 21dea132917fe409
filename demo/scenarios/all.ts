/** The demo's scenarios by name. */
import type { Scenario } from '../model/script.ts';
import { broken } from './broken.ts';
import { fix } from './fix.ts';
import { injected } from './injected.ts';
import { lying } from './lying.ts';

export const SCENARIOS: Readonly<Record<string, Scenario>> = { fix, broken, injected, lying };
