/** The demo's own pod: plays GitHub and the model for bot and gateway in a cluster, and takes orders on its loopback. */
import { serve } from '@hono/node-server';
import { untilSignal } from '../../src/cmd/until-signal.ts';
import { buildControl } from './control-server.ts';
import { DEMO_PORTS } from './places.ts';

const control = buildControl(DEMO_PORTS);
const server = serve({ fetch: control.fetch, hostname: '127.0.0.1', port: DEMO_PORTS.control });
await untilSignal();
server.close();
await control.close();
