/** The admin's caps as the ledger reads them: live, not pinned, so that a lowered cap binds running tasks too. */
import type { AdminConfig } from './admin-config.ts';
import type { Caps, PeriodCaps } from './model-price.ts';

type Period = AdminConfig['budget']['organisation'];

/** Caps in nano-dollars; what the file leaves out is null, "no cap here". */
export function capsOf(admin: AdminConfig): Caps {
  const teams = Object.entries(admin.budget.team).map(
    ([name, period]) => [name, periodCaps(period)] as const,
  );
  return {
    repository: periodCaps(admin.budget.repository),
    organisation: periodCaps(admin.budget.organisation),
    teams: Object.fromEntries(teams),
  };
}

/** The team that pays for `owner/repo`, compared without case as GitHub does; null where none is named. */
export function teamOf(admin: AdminConfig, repository: string): string | null {
  const wanted = repository.toLowerCase();
  const found = Object.entries(admin.teams).find(([, names]) =>
    names.some((name) => name.toLowerCase() === wanted),
  );
  return found?.[0] ?? null;
}

function periodCaps(period: Period): PeriodCaps {
  return { day: period.day ?? null, month: period.month ?? null };
}
