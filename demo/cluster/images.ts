/** The images of a demo in a cluster, and how `--images` names them. */
import { VERSION } from '../../src/cmd/version.ts';
import { GloveboxError } from '../../src/shared/errors.ts';

/** Full names. */
export interface DemoImages {
  readonly control: string;
  readonly runner: string;
  readonly demo: string;
  readonly postgres: string;
  /** The toolchain in which the sample's code runs. */
  readonly template: string;
}

/** The official one, as the dev overlay names it. */
const POSTGRES_IMAGE = 'docker.io/library/postgres:17-bookworm';

/** Has Node 24, which is all that the sample needs. */
export const TEMPLATE_IMAGE = 'docker.io/library/node:24-bookworm-slim';

/** A registry (`localhost`, or with a dot; then its port) and a path, or a path alone; then perhaps a tag. */
const PREFIX =
  /^((?:(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d+)?|[a-z0-9][a-z0-9_-]*)(?:\/[a-z0-9][a-z0-9._-]*)*)(?::([\w][\w.-]{0,127}))?$/;

/** `registry.example.com/glovebox` or `registry.example.com/glovebox:1.2.3`; our version is the tag where none is named. */
export function imagesAt(prefix: string): DemoImages {
  const [, path, tag = VERSION] = PREFIX.exec(prefix) ?? [];
  if (path === undefined) {
    throw new GloveboxError({
      code: 'usage',
      message: `Invalid --images '${prefix}': expected a registry and a path, such as registry.example.com/glovebox, with :TAG behind it if you like.`,
    });
  }
  return {
    control: `${path}/control:${tag}`,
    runner: `${path}/runner:${tag}`,
    demo: `${path}/demo:${tag}`,
    postgres: POSTGRES_IMAGE,
    template: TEMPLATE_IMAGE,
  };
}
