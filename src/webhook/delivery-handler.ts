/** Which handler a stored delivery goes to, by its event. */
import type { Log } from '../shared/log.ts';
import type { DeliveryHandler } from './handle-deliveries.ts';
import { type HandleIssueDeps, handleIssue } from './handle-issue.ts';

/** The handler for `handleDeliveries`. Events of the installation are kept as a record and need no work. */
export function deliveryHandler(deps: HandleIssueDeps): DeliveryHandler {
  return async (delivery, log: Log) => {
    switch (delivery.event) {
      case 'issues':
        return handleIssue(deps, delivery, log);
      case 'installation':
        return `noted: ${delivery.action ?? 'no action'}`;
      default:
        return 'ignored: no handler';
    }
  };
}
