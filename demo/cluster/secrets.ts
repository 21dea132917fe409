/** Secrets of one demo, made fresh for each run: whoever finds them later opens nothing with them. */
import { randomBytes } from 'node:crypto';
import { newAppKey } from '../../test/github-host/seed.ts';

/** The emulated App's number. */
const APP_ID = 700_001;

export interface DemoSecrets {
  readonly appPrivateKey: string;
  readonly webhookSecret: string;
  /** 64 hex digits. */
  readonly storeKey: string;
  readonly databasePassword: string;
  /** Null: the scripted model asks nobody. */
  readonly modelKey: string | null;
}

/** New ones. */
export function newSecrets(modelKey: string | null): DemoSecrets {
  return {
    appPrivateKey: newAppKey(),
    webhookSecret: randomBytes(24).toString('hex'),
    storeKey: randomBytes(32).toString('hex'),
    databasePassword: randomBytes(16).toString('hex'),
    modelKey,
  };
}

/** PostgreSQL of the dev overlay, from inside the cluster or through a forwarded port. */
export function databaseUrl({ databasePassword }: DemoSecrets, host: string): string {
  return `postgres://glovebox:${databasePassword}@${host}/postgres`;
}

/** Secret `glovebox-bot`. */
export function botVariables(secrets: DemoSecrets): Readonly<Record<string, string>> {
  return {
    ...common(secrets),
    GITHUB_APP_ID: String(APP_ID),
    GITHUB_PRIVATE_KEY: secrets.appPrivateKey.replaceAll('\n', '\\n'),
    GITHUB_WEBHOOK_SECRET: secrets.webhookSecret,
  };
}

/** Secret `glovebox-gateway`. */
export function gatewayVariables(secrets: DemoSecrets): Readonly<Record<string, string>> {
  return {
    ...common(secrets),
    ...(secrets.modelKey === null ? {} : { ANTHROPIC_API_KEY: secrets.modelKey }),
  };
}

function common(secrets: DemoSecrets): Readonly<Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl(secrets, 'postgres.glovebox.svc.cluster.local:5432'),
    GLOVEBOX_STORE_KEY: secrets.storeKey,
  };
}
