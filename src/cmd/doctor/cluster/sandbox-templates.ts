/** The admin's templates as sandboxes of a cluster: each with its image, its limits and the namespace that it runs in. */
import type { AdminConfig } from '../../../config/admin-config.ts';
import type { PodShape } from '../../../config/attempt-config.ts';
import { podOf } from '../../../config/merge.ts';
import type { SandboxLimits } from '../../../result/contract/phase-spec.ts';

/** One template that runs as pods. */
export interface SandboxTemplate {
  readonly name: string;
  readonly image: string;
  readonly pod: PodShape;
  readonly limits: SandboxLimits;
}

/** All of them, in the file's order; templates without an image or with another isolation are the admin file's business. */
export function sandboxTemplates({ templates, limits }: AdminConfig): readonly SandboxTemplate[] {
  return Object.entries(templates).flatMap(([name, template]) => {
    const pod = podOf(template);
    if (pod === null || template.image === null) return [];
    return [
      {
        name,
        image: template.image,
        pod,
        limits: {
          wallClockMs: limits.work,
          memoryBytes: template.memory,
          processes: template.processes,
          diskBytes: template.disk,
          files: template.files,
          outputBytes: template.output,
        },
      },
    ];
  });
}
