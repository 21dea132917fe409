/** What the gateway is measured against: a pass-through proxy, alone or with two durable writes a call and nothing else. */
import http from 'node:http';
import pg from 'pg';

/** Run before a call is sent; what it answers, after its answer. */
type Around = () => Promise<() => Promise<unknown>>;

/** What anybody would write first: pipe both ways, exchange the key. */
export function bareProxy(upstreamUrl: string, around: Around | null = null): http.Server {
  const agent = new http.Agent({ keepAlive: true });
  let before: Promise<unknown> = Promise.resolve();
  return http.createServer((request, response) => {
    if (around === null) return forward({ agent, upstreamUrl }, request, response);
    void before.then(around).then((after) => {
      response.on('finish', () => {
        before = after();
      });
      forward({ agent, upstreamUrl }, request, response);
    });
  });
}

/** The least that a durable reservation and its settlement can be: one row inserted before, updated after. */
export async function durableWrites(databaseUrl: string): Promise<Around> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  await pool.query('create table call (id bigserial primary key, held bigint not null, spent bigint)');
  return async () => {
    const { rows } = await pool.query('insert into call (held) values ($1) returning id', [1_000]);
    return () => pool.query('update call set spent = $1 where id = $2', [10, rows[0]?.id]);
  };
}

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
