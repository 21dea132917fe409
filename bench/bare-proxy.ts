/** What the gateway is measured against: a pass-through proxy, alone or with the least that a ledger is, and nothing else. */
import http from 'node:http';
import pg from 'pg';

/** Run before a call is sent; what it answers, after its answer. */
type Around = () => Promise<() => Promise<unknown>>;

/** What anybody would write first: pipe both ways, exchange the key. */
export function bareProxy(upstreamUrl: string, around: Around | null = null): http.Server {
  const agent = new http.Agent({ keepAlive: true });
  return http.createServer((request, response) => {
    if (around === null) return forward({ agent, upstreamUrl }, request, response);
    void around().then((after) => {
      response.on('finish', () => void after());
      forward({ agent, upstreamUrl }, request, response);
    });
  });
}

/** The least that a ledger can be: one row inserted, on disk, before a call; updated beside the next, without waiting for the disk. */
export async function durableWrite(databaseUrl: string): Promise<Around> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  await pool.query('create table call (id bigserial primary key, held bigint not null, spent bigint)');
  await pool.query(`create function spend(amount bigint, call_id bigint) returns void language plpgsql as $$
    begin
      perform set_config('synchronous_commit', 'off', true);
      update call set spent = amount where id = call_id;
    end $$`);
  return async () => {
    const { rows } = await pool.query({ name: 'hold', text: HOLD, values: [1_000] });
    return () => pool.query({ name: 'spend', text: 'select spend($1, $2)', values: [10, rows[0]?.id] });
  };
}

const HOLD = 'insert into call (held) values ($1) returning id';

function forward(
  { agent, upstreamUrl }: { agent: http.Agent; upstreamUrl: string },
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const { hostname, port } = new URL(upstreamUrl);
  const { host: _host, authorization: _token, ...rest } = request.headers;
  const headers = { ...rest, 'x-api-key': 'key' };
  const outgoing = http.request(
    { agent, hostname, port, path: request.url, method: request.method, headers },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
    },
  );
  request.pipe(outgoing);
}
