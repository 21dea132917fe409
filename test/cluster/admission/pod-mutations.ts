/** What a pod may not share, be called, run as or be placed by. */
import { found, type Pod } from './job-parts.ts';
import { type Mutation, ofPod } from './mutation.ts';

const security = (part: Pod) => found(part.securityContext, 'securityContext');

/** The table. */
export const POD_MUTATIONS: readonly Mutation[] = [
  ...ofPod('shares no namespace with its host', {
    'the network of the host': (pod) => {
      pod.hostNetwork = true;
    },
    'the processes of the host': (pod) => {
      pod.hostPID = true;
    },
    'the shared memory of the host': (pod) => {
      pod.hostIPC = true;
    },
    'processes shared between containers': (pod) => {
      pod.shareProcessNamespace = true;
    },
    'the users of the host': (pod) => {
      pod.hostUsers = true;
    },
  }),
  ...ofPod("runs as the service account 'sandbox'", {
    'another account': (pod) => {
      pod.serviceAccountName = 'default';
    },
    'the default token': (pod) => {
      pod.automountServiceAccountToken = true;
    },
  }),
  ...ofPod('no name server but 127.0.0.1', {
    "the cluster's DNS": (pod) => {
      pod.dnsPolicy = 'ClusterFirst';
    },
    'another name server': (pod) => {
      pod.dnsConfig = { nameservers: ['198.51.100.10'] };
    },
    'a search list': (pod) => {
      found(pod.dnsConfig, 'dnsConfig').searches = ['svc.cluster.local'];
    },
    'service links': (pod) => {
      pod.enableServiceLinks = true;
    },
  }),
  ...ofPod("knows one host name, 'gateway'", {
    'a second host alias': (pod) => {
      pod.hostAliases = [{ ip: '198.51.100.10', hostnames: ['gateway', 'outside'] }];
    },
    'no gateway': (pod) => {
      delete pod.hostAliases;
    },
    'the name for itself': (pod) => {
      pod.hostname = 'gateway';
    },
  }),
  ...ofPod('is used once', {
    restarts: (pod) => {
      pod.restartPolicy = 'OnFailure';
    },
    'an hour of grace': (pod) => {
      pod.terminationGracePeriodSeconds = 3_600;
    },
    'no deadline of the pod': (pod) => {
      delete pod.activeDeadlineSeconds;
    },
  }),
  ...ofPod('user, group and volume group 1000', {
    'root by user': (pod) => {
      security(pod).runAsUser = 0;
    },
    'root by group': (pod) => {
      security(pod).runAsGroup = 0;
    },
    'another volume group': (pod) => {
      security(pod).fsGroup = 2_000;
    },
    'a further group': (pod) => {
      security(pod).supplementalGroups = [0];
    },
    'root not refused': (pod) => {
      security(pod).runAsNonRoot = false;
    },
  }),
  ...ofPod('seccomp and AppArmor profiles', {
    'no seccomp': (pod) => {
      security(pod).seccompProfile = { type: 'Unconfined' };
    },
    'no AppArmor': (pod) => {
      security(pod).appArmorProfile = { type: 'Unconfined' };
    },
    'a sysctl': (pod) => {
      security(pod).sysctls = [{ name: 'net.ipv4.ping_group_range', value: '0 1' }];
    },
    'an SELinux label': (pod) => {
      security(pod).seLinuxOptions = { type: 'spc_t' };
    },
  }),
  ...ofPod('has the priority class', {
    'the highest priority': (pod) => {
      pod.priorityClassName = 'system-node-critical';
    },
    'no priority class': (pod) => {
      delete pod.priorityClassName;
    },
  }),
  ...ofPod('not listed in runtimeClasses', {
    'a runtime class of its own': (pod) => {
      pod.runtimeClassName = 'mine';
    },
  }),
  ...ofPod('placed by the default scheduler', {
    'a node by name': (pod) => {
      pod.nodeName = 'glovebox-test';
    },
    'another scheduler': (pod) => {
      pod.schedulerName = 'mine';
    },
    'an affinity': (pod) => {
      pod.affinity = { podAffinity: {} };
    },
    'a scheduling gate': (pod) => {
      pod.schedulingGates = [{ name: 'example.com/mine' }];
    },
  }),
  ...ofPod('not listed in tolerationKeys', {
    'a toleration': (pod) => {
      pod.tolerations = [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }];
    },
    'every toleration': (pod) => {
      pod.tolerations = [{ operator: 'Exists' }];
    },
  }),
  ...ofPod('claims no devices', {
    'a device': (pod) => {
      pod.resourceClaims = [{ name: 'gpu', resourceClaimName: 'gpu' }];
    },
    'a pull secret': (pod) => {
      pod.imagePullSecrets = [{ name: 'registry' }];
    },
  }),
];
