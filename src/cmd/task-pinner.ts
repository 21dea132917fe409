/** The controller's port on pinning, made from real clients: GitHub's files, prices of today, the ledger's caps. */
import type { AdminConfig } from '../config/admin-config.ts';
import { capsOf } from '../config/caps.ts';
import { SHIPPED_PRICES } from '../config/model-catalogue.ts';
import { priceTable } from '../config/price-table.ts';
import type { ConfigFile } from '../config/read-file.ts';
import type { Pinner } from '../controller/ports.ts';
import { spentCap } from '../ledger/spent-cap.ts';
import { outputFloor } from '../ledger/worst-case.ts';
import type { Clock } from '../shared/clock.ts';
import type { Db } from '../task/open-database.ts';
import { octokitWebhookGitHub } from '../webhook/octokit-webhook-github.ts';
import { type PinDeps, pinAttempt } from '../webhook/pin-attempt.ts';
import type { GithubClients } from './github-clients.ts';

export interface TaskPinnerDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly adminFile: ConfigFile<AdminConfig>;
  readonly admin: AdminConfig;
  readonly github: GithubClients;
}

/** Builds it. */
export function taskPinner(deps: TaskPinnerDeps): Pinner {
  const { db, clock, admin, adminFile, github } = deps;
  const prices = priceTable(admin, SHIPPED_PRICES, new Date(clock.now()).toISOString().slice(0, 10));
  const caps = capsOf(admin);
  const pinDeps: PinDeps = {
    admin: adminFile,
    prices,
    githubFor: async (installationId) => octokitWebhookGitHub(github.installation(installationId)),
    spentCap: ({ id, repo }, config) => {
      const payer = {
        taskId: id,
        repositoryId: repo.repositoryId,
        installationId: repo.installationId,
        team: config.team,
        taskBudgetNanoUsd: BigInt(config.taskBudgetNanoUsd),
      };
      const perToken = prices.get(config.model.id)?.output ?? 0n;
      const leastCallNanoUsd = BigInt(outputFloor(config.model.maxOutputTokens, 0)) * perToken;
      return spentCap(db, { payer, caps, nowMs: clock.now(), leastCallNanoUsd });
    },
  };
  return { pin: (task) => pinAttempt(pinDeps, task) };
}
