/** Templates fit where this process runs its sandboxes: pods on a cluster, processes on one machine. */
import type { AdminConfig } from '../config/admin-config.ts';
import { GloveboxError } from '../shared/errors.ts';

/** Error `config-invalid` names every template that cannot run here, and what to do. */
export function checkTemplates(admin: AdminConfig, path: string, sandbox: 'process' | 'kubernetes'): void {
  const onCluster = sandbox === 'kubernetes';
  const wrong = Object.entries(admin.templates).filter(
    ([, template]) => (template.isolation === 'pod') !== onCluster,
  );
  if (wrong.length === 0) return;
  const other = onCluster ? 'process' : 'kubernetes';
  const expected = onCluster ? "'pod'" : "'bubblewrap' or 'none'";
  throw new GloveboxError({
    code: 'config-invalid',
    message: wrong
      .map(
        ([name, { isolation }]) =>
          `Invalid isolation '${isolation}' in ${path} at templates.${name}: expected ${expected}, since GLOVEBOX_SANDBOX is '${sandbox}'. Change the template, or set GLOVEBOX_SANDBOX=${other}.`,
      )
      .join('\n'),
    audience: 'admin',
  });
}
