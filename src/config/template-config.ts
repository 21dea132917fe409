/** A template of the admin's file: what fences a sandbox, its toolchain's image, its limits, and on Kubernetes its place. */
import { z } from 'zod';
import { count } from './count.ts';
import { size } from './units.ts';

/** Where pods run unless a template says otherwise. */
export const DEFAULT_NAMESPACE = 'glovebox-sandbox';
const MILLIS_A_CPU = 1_000;

const label = (title: string) =>
  z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    .meta({ title, expected: "up to 63 of a-z, 0-9 and '-', as Kubernetes names things" });

const Cpu = z
  .string()
  .regex(/^(\d{1,3}(\.\d{1,3})?|\d{1,6}m)$/)
  .refine((text) => millisOf(text) >= 50 && millisOf(text) <= 512 * MILLIS_A_CPU)
  .meta({
    title: 'cpu',
    expected: "a number of CPUs from 0.05 to 512 in quotes, such as '1', '0.5' or '500m'",
  })
  .transform(millisOf);

const Toleration = z.strictObject({
  key: z.string().min(1).optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
});

/** Where and how a template's pods run. Amounts are parsed: `cpu` is in thousandths. */
export const PodTemplate = z.strictObject({
  namespace: label('namespace')
    .default(DEFAULT_NAMESPACE)
    .meta({ description: 'sandbox namespace, prepared as `k8s/base` does' }),
  cpu: Cpu.prefault('1').meta({ description: 'CPUs of each container that runs repository code' }),
  runtimeClass: label('runtime class').nullable().default(null).meta({
    description: 'RuntimeClass, such as `gvisor`',
  }),
  nodeSelector: z
    .record(z.string().min(1).max(317), z.string().max(63))
    .default({})
    .meta({ title: 'node selector', description: 'labels of the nodes that sandboxes may run on' }),
  tolerations: z
    .array(Toleration)
    .default([])
    .meta({ description: "taints of nodes that sandboxes may run on, as in Kubernetes' pods" }),
  queue: label('queue').nullable().default(null).meta({
    description: 'Kueue LocalQueue that holds each job until it has room',
  }),
});

export const Template = z.strictObject({
  isolation: z.enum(['bubblewrap', 'none', 'pod']).meta({
    title: 'isolation',
    description:
      'what fences the sandbox: bubblewrap on one machine, a pod on Kubernetes; `none` is for trying out only',
  }),
  image: z
    .string()
    .regex(/^\S{1,500}$/)
    .nullable()
    .default(null)
    .meta({
      title: 'image',
      expected: 'an image reference without spaces',
      description: 'container image with the toolchain, required with `isolation: pod`; null on one machine',
    }),
  memory: size('64 MB', '1000 GB')
    .prefault('4 GB')
    .meta({ title: 'memory', description: 'all processes of a sandbox together' }),
  processes: count(8, 100_000, 'processes', 'processes and threads at once').default(512),
  disk: size('16 MB', '10000 GB')
    .prefault('4 GB')
    .meta({ title: 'disk', description: 'bytes in the workspace' }),
  files: count(100, 10_000_000, 'files', 'files in the workspace, the base included').default(200_000),
  output: size('10 KB', '1 GB').prefault('10 MB').meta({
    title: 'output',
    description: 'standard output and error of one command',
  }),
  toolEnv: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/), z.string().max(4_000))
    .default({})
    .meta({
      title: 'tool environment',
      description: 'variables that tools inside see; never a secret, the agent can read them',
    }),
  pod: PodTemplate.optional().meta({
    title: 'pod',
    description: 'where and how its pods run; only with `isolation: pod`',
  }),
});
export type Template = z.infer<typeof Template>;

function millisOf(text: string): number {
  return text.endsWith('m') ? Number(text.slice(0, -1)) : Math.round(Number(text) * MILLIS_A_CPU);
}
