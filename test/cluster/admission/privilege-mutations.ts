/** Which users, privileges, resources and doors a container may not have. */
import { type Container, found } from './job-parts.ts';
import { type Mutation, ofContainer } from './mutation.ts';

const security = (part: Container) => found(part.securityContext, 'securityContext');

/** The table. */
export const PRIVILEGE_MUTATIONS: readonly Mutation[] = [
  ...ofContainer('verify', 'as user 1000 and deliver as 1001', {
    "deliver's user": (part) => {
      security(part).runAsUser = 1_001;
    },
  }),
  ...ofContainer('deliver', 'as user 1000 and deliver as 1001', {
    "verify's user": (part) => {
      security(part).runAsUser = 1_000;
    },
    "verify's user, from the pod": (part) => {
      delete security(part).runAsUser;
    },
  }),
  ...ofContainer('work', 'as user 1000 and deliver as 1001', {
    'another group': (part) => {
      security(part).runAsGroup = 0;
    },
  }),
  ...ofContainer('work', 'read-only root and no capability', {
    'a writable root': (part) => {
      security(part).readOnlyRootFilesystem = false;
    },
    'more privileges': (part) => {
      security(part).allowPrivilegeEscalation = true;
    },
    'all privileges': (part) => {
      security(part).privileged = true;
      security(part).allowPrivilegeEscalation = true;
    },
    'a capability': (part) => {
      found(security(part).capabilities, 'capabilities').add = ['NET_BIND_SERVICE'];
    },
    'capabilities kept': (part) => {
      delete security(part).capabilities;
    },
  }),
  ...ofContainer('work', 'no profile or label of their own', {
    'no seccomp': (part) => {
      security(part).seccompProfile = { type: 'Unconfined' };
    },
    'no AppArmor': (part) => {
      security(part).appArmorProfile = { type: 'Unconfined' };
    },
    'an SELinux label': (part) => {
      security(part).seLinuxOptions = { type: 'spc_t' };
    },
  }),
  ...ofContainer('work', 'limited in cpu, memory and ephemeral-storage', {
    'no memory limit': (part) => {
      delete part.resources?.limits?.['memory'];
      delete part.resources?.requests?.['memory'];
    },
    'no disk limit': (part) => {
      delete part.resources?.limits?.['ephemeral-storage'];
      delete part.resources?.requests?.['ephemeral-storage'];
    },
    'a device by number': (part) => {
      Object.assign(found(part.resources, 'resources').limits ?? {}, { 'example.com/gpu': '1' });
    },
  }),
  ...ofContainer('work', 'no hooks, probes, ports, restarts or terminal', {
    'a hook': (part) => {
      part.lifecycle = { preStop: { exec: { command: ['true'] } } };
    },
    'a probe': (part) => {
      part.livenessProbe = { exec: { command: ['true'] } };
    },
    'a port': (part) => {
      part.ports = [{ containerPort: 80 }];
    },
    'standard input': (part) => {
      part.stdin = true;
    },
    'a terminal': (part) => {
      part.tty = true;
    },
    'a message file elsewhere': (part) => {
      part.terminationMessagePath = '/workspace/message';
    },
  }),
  ...ofContainer('fetch', 'no hooks, probes, ports, restarts or terminal', {
    'a sidecar': (part) => {
      part.restartPolicy = 'Always';
    },
  }),
];
