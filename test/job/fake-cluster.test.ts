/** The fake keeps what the real cluster promises, so that suites may use it in its place. */
import { kubeClusterContract } from '../contracts/kube-cluster-contract.ts';
import { FakeCluster } from '../fakes/fake-cluster.ts';

kubeClusterContract('the fake cluster', async () => ({
  cluster: new FakeCluster(),
  namespace: 'glovebox-sandbox',
  close: async () => {},
}));
