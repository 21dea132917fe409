/** The child's side of `start-child.ts`: says where it listens, answers what CPU time it used, and ends with its parent. */
import type { Server } from 'node:http';

/** Call once it listens. */
export function reportToParent(started: { readonly port: number; readonly token: string }): void {
  process.on('message', (message) => {
    if (message === 'cpu') process.send?.({ cpu: process.cpuUsage() });
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(started);
}

/** Listens on a free loopback port and answers it. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
}
