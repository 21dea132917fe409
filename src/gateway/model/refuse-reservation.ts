/** What a client is told when there is no money for its call: pure. A spent cap is named with its numbers and its end. */
import type { Reservation } from '../../ledger/decide-reservation.ts';
import { scopeEndsAt } from '../../ledger/scopes-of.ts';
import { formatCents, type NanoUsd } from '../../shared/money.ts';
import type { Refusal } from './anthropic-error.ts';

type Refused = Exclude<Reservation, { kind: 'reserved' }>;

/** The refusal for a reservation that was not made. */
export function refusalOfReservation(answer: Refused): Refusal {
  if (answer.kind === 'unpriced') {
    return {
      status: 402,
      type: 'billing_error',
      message: `An earlier answer of this task was billed for something without a price (${answer.flags.slice(1, 4).join(', ')}). An organisation admin can price it; until then no call is made.`,
      retry: false,
    };
  }
  const { scope } = answer;
  if (answer.kind === 'busy') {
    return {
      status: 429,
      type: 'rate_limit_error',
      message: `Calls in flight hold what is left of ${scopeName(scope.id)}'s ${formatCents(scope.capNanoUsd)}. Try again when one of them has ended.`,
      retry: 15,
    };
  }
  const left = most(scope.capNanoUsd - scope.spentNanoUsd, 0n);
  return {
    status: 402,
    type: 'billing_error',
    message: `Budget reached: ${scopeName(scope.id)} has spent ${formatCents(scope.spentNanoUsd)} of ${formatCents(scope.capNanoUsd)}${periodOf(scope.id)}; the next call could cost more than the ${formatCents(left)} left.${freeAt(scope.id)}`,
    retry: false,
  };
}

/** `task 7k2m9q`, `this repository`, `team web`, `the organisation`. */
function scopeName(id: string): string {
  const [kind, name = ''] = id.split(':');
  if (kind === 'repository') return 'this repository';
  if (kind === 'organisation') return 'the organisation';
  return `${kind} ${name}`;
}

function periodOf(id: string): string {
  const [, period] = /:(day|month):/.exec(id) ?? [];
  if (period === undefined) return '';
  return period === 'day' ? ' today' : ' this month';
}

function freeAt(id: string): string {
  const end = scopeEndsAt(id);
  return end === null
    ? ''
    : ` Free again at ${new Date(end).toISOString().slice(0, 16).replace('T', ' ')} UTC.`;
}

function most(a: NanoUsd, b: NanoUsd): NanoUsd {
  return a > b ? a : b;
}
