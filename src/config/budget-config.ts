/** Money in the admin's file: budgets by scope in US dollars, and prices of models in US dollars per million tokens. */
import { z } from 'zod';
import { nanoUsdOf } from '../shared/money.ts';
import { usd } from './units.ts';

const TOKENS_PER_MILLION = 1_000_000;

/** US dollars per million tokens, parsed to nano-dollars per token: 3 is 3000. */
const PerMillion = z
  .number()
  .min(0)
  .max(100_000)
  .meta({ title: 'price', expected: '0 to 100000 US dollars per million tokens, at most 3 decimals' })
  .refine((dollars) => Number.isInteger(Math.round(dollars * 1e9) / TOKENS_PER_MILLION))
  .transform((dollars) => nanoUsdOf(dollars) / BigInt(TOKENS_PER_MILLION));

/** A model's price: `0` for a model that costs nothing, or each kind of token. Cache prices default to the usual factors. */
export const Prices = z
  .union([
    z.literal(0),
    z.strictObject({
      input: PerMillion,
      output: PerMillion,
      cacheWrite5m: PerMillion.optional().meta({ description: 'left out: 1.25 times input' }),
      cacheWrite1h: PerMillion.optional().meta({ description: 'left out: 2 times input' }),
      cacheRead: PerMillion.optional().meta({ description: 'left out: 0.1 times input, rounded up' }),
    }),
  ])
  .meta({
    title: 'price',
    expected: '0, or input and output in US dollars per million tokens',
    description:
      'US dollars per million tokens; overrides the shipped price; `0` must be stated for a free model',
  });
export type Prices = z.infer<typeof Prices>;

/** Caps for one day and one month (UTC), each optional. */
const PeriodBudget = z.strictObject({
  day: usd(0, 10_000_000).optional().meta({ title: 'budget' }),
  month: usd(0, 100_000_000).optional().meta({ title: 'budget' }),
});

/** All caps of the admin's file, in nano-dollars. */
export const Budget = z
  .strictObject({
    perTask: usd(0.01, 100_000).meta({
      title: 'budget',
      description: 'what one task may spend at most; repositories may set less',
    }),
    repository: PeriodBudget.prefault({}).meta({ title: 'budget', description: 'every single repository' }),
    team: z
      .record(z.string(), PeriodBudget)
      .default({})
      .meta({ title: 'budget', description: 'teams by name' }),
    organisation: PeriodBudget.prefault({}).meta({ title: 'budget', description: 'everything together' }),
  })
  .meta({
    title: 'budget',
    expected: 'a map with perTask',
    description: 'US dollars; days and months are UTC',
  });
