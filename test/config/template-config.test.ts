import { describe, expect, it } from 'vitest';
import { mergeConfig } from '../../src/config/merge.ts';
import { problemSentence } from '../../src/config/problem.ts';
import { readAdminConfig, readRepoConfig } from '../../src/config/read-file.ts';

const adminOf = (template: string) =>
  readAdminConfig(`templates:
  node: ${template}
defaultTemplate: node
models: { claude-sonnet-4-6: {} }
defaultModel: claude-sonnet-4-6
budget: { perTask: 5, repository: { day: 20 } }
`);
const podOf = (template: string) => {
  const admin = adminOf(template);
  const file = readRepoConfig('checks: [{ run: npm test, kind: command }]\n', '.github/glovebox.yml');
  const { config, problems } = mergeConfig({ admin, file, from: 'repository', repository: 'octo-org/clock' });
  if (config === null) throw new Error(problems.map(problemSentence).join('\n'));
  return config.template.pod;
};

describe('a template with isolation pod', () => {
  it('runs in the default namespace with one CPU unless it says otherwise', () => {
    expect(podOf('{ isolation: pod, image: "node:24" }')).toEqual({
      namespace: 'glovebox-sandbox',
      cpuMillis: 1_000,
      runtimeClass: null,
      nodeSelector: {},
      tolerations: [],
      queue: null,
    });
  });

  it('takes its place from the pod block', () => {
    const pod =
      "{ namespace: gpu, cpu: '2.5', runtimeClass: gvisor, nodeSelector: { pool: a }, tolerations: [{ key: b, operator: Exists }], queue: agents }";
    expect(podOf(`{ isolation: pod, image: "node:24", pod: ${pod} }`)).toEqual({
      namespace: 'gpu',
      cpuMillis: 2_500,
      runtimeClass: 'gvisor',
      nodeSelector: { pool: 'a' },
      tolerations: [{ key: 'b', operator: 'Exists' }],
      queue: 'agents',
    });
  });

  it('has no pod on one machine', () => {
    expect(podOf('{ isolation: bubblewrap }')).toBeNull();
  });

  it.each([
    [
      '{ isolation: pod }',
      "Missing key 'image' in glovebox.config.yml at templates.node: expected an image with isolation 'pod'. Name the container image that has the repository's toolchain.",
    ],
    [
      '{ isolation: none, pod: {} }',
      "Unexpected key 'pod' in glovebox.config.yml at templates.node: expected it only with isolation 'pod', not with 'none'.",
    ],
    [
      '{ isolation: pod, image: "a b" }',
      "Invalid image 'a b' in glovebox.config.yml at templates.node.image: expected an image reference without spaces.",
    ],
    [
      "{ isolation: pod, image: a, pod: { cpu: '0' } }",
      "Invalid cpu '0' in glovebox.config.yml at templates.node.pod.cpu: expected a number of CPUs from 0.05 to 512 in quotes, such as '1', '0.5' or '500m'.",
    ],
    [
      '{ isolation: pod, image: a, pod: { namespace: Kube_System } }',
      "Invalid namespace 'Kube_System' in glovebox.config.yml at templates.node.pod.namespace: expected up to 63 of a-z, 0-9 and '-', as Kubernetes names things.",
    ],
    [
      '{ isolation: pod, image: a, pod: { runtimeclass: gvisor } }',
      "Unknown key 'runtimeclass' in glovebox.config.yml at templates.node.pod: did you mean 'runtimeClass'?",
    ],
    [
      '{ isolation: pod, image: a, pod: { tolerations: [{ operator: In }] } }',
      "Invalid operator 'In' in glovebox.config.yml at templates.node.pod.tolerations[0].operator: expected one of 'Exists', 'Equal'.",
    ],
  ])('%s is refused with what is expected', (template, sentence) => {
    const { config, problems } = adminOf(template);
    expect(config).toBeNull();
    expect(problems.map(problemSentence)).toEqual([sentence]);
  });
});
