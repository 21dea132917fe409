/**
 * The kustomization of one demo, as an operator would write an overlay: based on `k8s/overlays/dev`, with images, admin
 * file, endpoints and fresh secrets of its own, and the demo's pod beside it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoManifests } from './demo-manifests.ts';
import type { DemoImages } from './images.ts';
import { listOf } from './manifest.ts';
import { DEMO_LABEL, GITHUB_URL, MODEL_URL, NAMESPACES } from './places.ts';
import { botVariables, type DemoSecrets, gatewayVariables } from './secrets.ts';

const DEV = fileURLToPath(new URL('../../k8s/overlays/dev', import.meta.url));
/** Writes the merged lists into the admission policies. */
const POLICY = fileURLToPath(new URL('../../k8s/components/sandbox-policy', import.meta.url));

/** What differs from run to run. */
export interface OverlayWants {
  readonly images: DemoImages;
  readonly adminText: string;
  readonly secrets: DemoSecrets;
  /** Address of a model that is not played; null: the demo's pod plays it. */
  readonly upstream: string | null;
}

/** Writes it into an empty folder, for `kubectl kustomize`. */
export async function writeOverlay(folder: string, wants: OverlayWants): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: Readonly<Record<string, string>> = {
    'kustomization.yaml': JSON.stringify(kustomization(folder, wants)),
    'demo.json': listOf(demoManifests(wants.images.demo, wants.upstream)),
    'glovebox.config.yml': wants.adminText,
    'template-images.txt': `${wants.images.template}\n`,
    'bot.env': envFile(botVariables(wants.secrets)),
    'gateway.env': envFile(gatewayVariables(wants.secrets)),
    'postgres.env': envFile({ PASSWORD: wants.secrets.databasePassword }),
  };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
}

function kustomization(folder: string, { images, upstream }: OverlayWants): object {
  const merge = { namespace: NAMESPACES.control, behavior: 'merge' };
  const replace = { namespace: NAMESPACES.control, behavior: 'replace' };
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(folder, DEV), 'demo.json'],
    components: [relative(folder, POLICY)],
    labels: [{ pairs: { [DEMO_LABEL]: 'true' } }],
    images: [
      { name: 'glovebox/control', ...nameAndTag(images.control) },
      { name: 'docker.io/library/postgres', ...nameAndTag(images.postgres) },
    ],
    configMapGenerator: [
      { name: 'glovebox-config', ...merge, files: ['glovebox.config.yml'] },
      {
        name: 'glovebox-endpoints',
        ...merge,
        literals: [
          `GITHUB_API_URL=${GITHUB_URL}`,
          `GITHUB_GIT_URL=${GITHUB_URL}`,
          `ANTHROPIC_BASE_URL=${upstream ?? MODEL_URL}`,
          'GLOVEBOX_GITHUB_THROTTLE=off',
          'GLOVEBOX_ALLOW_PLAIN_GIT=yes',
        ],
      },
      {
        name: 'sandbox-policy',
        ...merge,
        files: ['templateImages=template-images.txt'],
        literals: [`runnerImage=${images.runner}`],
      },
    ],
    secretGenerator: [
      { name: 'glovebox-bot', ...replace, envs: ['bot.env'] },
      { name: 'glovebox-gateway', ...replace, envs: ['gateway.env'] },
      { name: 'postgres', ...replace, envs: ['postgres.env'] },
    ],
    patches: [{ target: { kind: '(Deployment|StatefulSet)', name: '(bot|gateway|postgres)' }, patch: SMALL }],
  };
}

/** A laptop's cluster has two CPUs, and the sandboxes want them. */
const SMALL = JSON.stringify([
  { op: 'replace', path: '/spec/template/spec/containers/0/resources/requests/cpu', value: '50m' },
]);

function nameAndTag(image: string): { readonly newName: string; readonly newTag: string } {
  const at = image.lastIndexOf(':');
  return { newName: image.slice(0, at), newTag: image.slice(at + 1) };
}

function envFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
