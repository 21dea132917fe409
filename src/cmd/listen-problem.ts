/** A port or an address that cannot be listened on is the operator's to change, not a defect of ours. */

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'this machine has no such address',
};

/** The sentence for Node's error of `listen`; null for every other error. */
export function listenProblem(error: unknown): string | null {
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen') return null;
  const why = 'code' in error ? WHY[String(error.code)] : undefined;
  if (why === undefined) return null;
  const place = [address(error), 'port' in error ? error.port : undefined].filter(
    (part) => part !== undefined,
  );
  return `Cannot listen on '${place.join(':')}': ${why}. Name another with --port, GLOVEBOX_BOT_HOST and GLOVEBOX_BOT_PORT, or GLOVEBOX_GATEWAY_HOST and GLOVEBOX_GATEWAY_PORT.`;
}

function address(error: Error): string | undefined {
  return 'address' in error && typeof error.address === 'string' ? error.address : undefined;
}
