/** `glovebox start`: bot and gateway as two processes of one machine; when one ends, the other is ended too. */
import { type ChildProcess, spawn } from 'node:child_process';
import { environmentWithout, readBotEnv, readGatewayEnv } from '../config/env.ts';
import { GloveboxError } from '../shared/errors.ts';

const ROLES = ['gateway', 'bot'] as const;
type Role = (typeof ROLES)[number];

/** What only one of the two may see in its environment. */
const KEPT_FROM: Readonly<Record<Role, readonly string[]>> = {
  gateway: ['GITHUB_PRIVATE_KEY', 'GITHUB_WEBHOOK_SECRET'],
  bot: ['ANTHROPIC_API_KEY'],
};

/** Runs until a signal or until one of them ends; answers with the worse exit code. Errors: `env-invalid`, `store-needed`. */
export async function runStart(program: string): Promise<number> {
  readBotEnv();
  if (readGatewayEnv().databaseUrl === null) {
    throw new GloveboxError({
      code: 'store-needed',
      message:
        'Missing DATABASE_URL in the environment: two processes share their record in PostgreSQL. Set it, then start again.',
    });
  }
  const children = ROLES.map((role) => startRole(program, role));
  const end = (): void => {
    for (const child of children) child.kill('SIGTERM');
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  const codes = await Promise.all(children.map((child) => ended(child).finally(end)));
  return Math.max(...codes);
}

function startRole(program: string, role: Role): ChildProcess {
  const env = environmentWithout(KEPT_FROM[role]);
  return spawn(process.execPath, [program, role], { stdio: 'inherit', env });
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(3));
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 0 : 3)));
  });
}
