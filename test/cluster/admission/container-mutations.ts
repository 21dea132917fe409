/** Which containers a pod may not have, and what they may not run, mount or be told. */
import { type Container, containerOf, found, named, podOf } from './job-parts.ts';
import { type Mutation, ofContainer } from './mutation.ts';

const mountOf = (part: Container, name: string) => named(part.volumeMounts, name);

function addMount(part: Container, name: string, mountPath: string, readOnly: boolean): void {
  found(part.volumeMounts, 'mounts').push({ name, mountPath, readOnly });
}

/** The table. */
export const CONTAINER_MUTATIONS: readonly Mutation[] = [
  {
    what: 'the agent beside the checks',
    job: 'verify',
    change: (job) => {
      containerOf(job, 'verify').name = 'work';
    },
    message: 'runs the agent',
  },
  {
    what: 'the agent before the checks',
    job: 'verify',
    change: (job) => {
      containerOf(job, 'setup').name = 'work';
    },
    message: 'runs the agent',
  },
  {
    what: 'setup beside the agent',
    job: 'work',
    change: (job) => {
      const pod = podOf(job);
      pod.containers.push(...(pod.initContainers ?? []).splice(1));
      pod.containers.reverse();
    },
    message: 'have ended before any other container',
  },
  ...ofContainer('work', 'runs the agent', {
    'an unknown name': (part) => {
      part.name = 'mine';
    },
  }),
  ...ofContainer('fetch', 'fetch and deliver run the runnerImage', {
    'another image': (part) => {
      part.image = 'example.com/mine:1';
    },
  }),
  ...ofContainer('deliver', 'fetch and deliver run the runnerImage', {
    "the template's image": (part) => {
      part.image = 'docker.io/library/node:24-bookworm-slim';
    },
  }),
  ...ofContainer('work', 'setup, work and verify run an image of templateImages', {
    'another image': (part) => {
      part.image = 'example.com/mine:1';
    },
  }),
  ...ofContainer('work', 'runs the runner with its own phase', {
    'another command': (part) => {
      part.command = ['/bin/sh'];
    },
    arguments: (part) => {
      part.args = ['--inspect'];
    },
    'another working directory': (part) => {
      part.workingDir = '/source';
    },
    "another phase's part": (part) => {
      part.command?.splice(2, 1, 'deliver');
    },
  }),
  ...ofContainer('work', 'a mount that its phase does not have', {
    'source for writing': (part) => {
      mountOf(part, 'source').readOnly = false;
    },
    'the runner for writing': (part) => {
      mountOf(part, 'runner').readOnly = false;
    },
    "fetch's token": (part) => addMount(part, 'token-fetch', '/run/other', true),
    'a volume elsewhere': (part) => {
      mountOf(part, 'tmp-work').mountPath = '/opt/glovebox/bin';
    },
    'part of a volume': (part) => {
      mountOf(part, 'tmp-work').subPath = 'x';
    },
    "fetch's /tmp": (part) => addMount(part, 'tmp-fetch', '/tmp/fetch', false),
  }),
  ...ofContainer('verify', 'a mount that its phase does not have', {
    'the prepared tree for writing': (part) => {
      mountOf(part, 'prepared').readOnly = false;
    },
    'the sealed set for writing': (part) => {
      mountOf(part, 'sealed').readOnly = false;
    },
    "deliver's token": (part) => addMount(part, 'token-deliver', '/run/glovebox', true),
  }),
  ...ofContainer('deliver', 'a mount that its phase does not have', {
    'the results for writing': (part) => {
      mountOf(part, 'results').readOnly = false;
    },
    "the repository's code": (part) => addMount(part, 'prepared', '/prepared', true),
  }),
  ...ofContainer('work', "the cluster's own variables, emptied", {
    'a variable': (part) => {
      part.env?.push({ name: 'NODE_OPTIONS', value: '--inspect' });
    },
    'a Secret as environment': (part) => {
      part.envFrom = [{ secretRef: { name: 'mine' } }];
    },
    "the API server's address": (part) => {
      named(part.env, 'KUBERNETES_SERVICE_HOST').value = '198.19.0.1';
    },
    "a variable from the pod's own fields": (part) => {
      const variable = named(part.env, 'KUBERNETES_PORT');
      delete variable.value;
      variable.valueFrom = { fieldRef: { fieldPath: 'status.hostIP' } };
    },
  }),
];
