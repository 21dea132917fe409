/** A valid admin's file for tests. */
import type { AdminConfig } from '../../src/config/admin-config.ts';
import { type ConfigFile, readAdminConfig } from '../../src/config/read-file.ts';

/** The smallest file that is valid, with `extra` YAML lines appended. */
export function buildAdminFile(extra = ''): ConfigFile<AdminConfig> {
  return readAdminConfig(`templates:
  node-24: { isolation: bubblewrap }
models:
  claude-sonnet-4-6: {}
  local-7b: {}
defaultModel: claude-sonnet-4-6
budget: { perTask: 5, repository: { day: 20 } }
${extra}`);
}

/** Its content; throws where `extra` is not valid. */
export function buildAdmin(extra = ''): AdminConfig {
  const file = buildAdminFile(extra);
  if (file.config === null) throw new Error(JSON.stringify(file.problems));
  return file.config;
}
