/**
 * One TCP connection, asked for anew each moment until one is taken. A network policy may learn of a new pod late, and
 * drops what comes before: the kernel says its first packet again only after a second (RFC 6298), which each sandbox's
 * first call would wait. And a replica that is gone answers nothing: the next packet may reach another one.
 */
import { connect, type Socket } from 'node:net';

/** Where to. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** Between two packets, in milliseconds. */
const AGAIN_MS = 50;
/** Nobody is there, until its Service forgets it: whoever calls tries again. */
const CONNECT_MS = 3_000;

/**
 * Resolves with the first connection that is taken; the others are dropped. Rejects with Node's error, with `gateway-away`,
 * or with the reason of `stop`.
 */
export function connectSoon(address: TcpAddress, stop?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    const end = (settle: () => void, taken?: Socket): void => {
      clearInterval(again);
      clearTimeout(limit);
      stop?.removeEventListener('abort', onStop);
      for (const socket of open) if (socket !== taken) socket.destroy();
      open.clear();
      settle();
    };
    const ask = (): void => {
      const socket = connect(address);
      open.add(socket);
      socket.once('connect', () => open.has(socket) && end(() => resolve(socket), socket));
      // Stays for the dropped ones too; whoever has the connection listens on its own.
      socket.on('error', (error) => open.has(socket) && end(() => reject(error)));
    };
    const onStop = (): void => end(() => reject(stop?.reason));
    const again = setInterval(ask, AGAIN_MS);
    const limit = setTimeout(() => end(() => reject(away(address))), CONNECT_MS);
    stop?.addEventListener('abort', onStop, { once: true });
    if (stop?.aborted) onStop();
    else ask();
  });
}

function away({ host, port }: TcpAddress): Error {
  return new Error(`gateway-away: ${host}:${port} took no connection in ${CONNECT_MS} ms`);
}
