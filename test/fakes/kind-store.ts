/**
 * What the fake cluster keeps of one kind: its objects by namespace and name, the changes in their order, and who watches
 * them. Versions are counted across all kinds, as in a real cluster.
 */
import type { Change, Followed, Kind, Listed, Scope, WatchFrom } from '../../src/job/kube-cluster.ts';

/** What the kinds of one cluster share: versions count all changes. */
export interface Versions {
  now: number;
  /** Watches from before it are told 410. */
  oldest: number;
}

interface Told<K extends Kind> {
  readonly namespace: string;
  readonly version: number;
  readonly change: Exclude<Change<K>, { type: 'BOOKMARK' }>;
}

/** The objects of one kind, and who watches them. */
export class KindStore<K extends Kind> {
  readonly #versions: Versions;
  readonly #objects = new Map<string, Followed[K]>();
  readonly #log: Told<K>[] = [];
  readonly #watches = new Set<{ hear(told: Told<K>): void; end(how: 'ended' | 'expired'): void }>();
  /** Changes are kept and told to nobody, as when a watch has died without a word. */
  silent = false;

  constructor(versions: Versions) {
    this.#versions = versions;
  }

  get(namespace: string, name: string): Followed[K] | null {
    return this.#objects.get(`${namespace}/${name}`) ?? null;
  }

  put(namespace: string, make: (resourceVersion: string) => Followed[K]): Followed[K] {
    const object = make(String(this.#versions.now + 1));
    const isNew = this.get(namespace, object.metadata.name) === null;
    this.#objects.set(`${namespace}/${object.metadata.name}`, object);
    this.#tell(namespace, isNew ? 'ADDED' : 'MODIFIED', object);
    return object;
  }

  drop(namespace: string, name: string): void {
    const object = this.get(namespace, name);
    if (object === null || !this.#objects.delete(`${namespace}/${name}`)) return;
    this.#tell(namespace, 'DELETED', object);
  }

  list(scope: Scope<K>): Listed<K> {
    const items = [...this.#objects].flatMap(([key, object]) =>
      key.startsWith(`${scope.namespace}/`) && isSelected(scope, object) ? [object] : [],
    );
    return { items, resourceVersion: String(this.#versions.now) };
  }

  async watch(
    scope: Scope<K>,
    from: WatchFrom,
    listener: (change: Change<K>) => void,
  ): Promise<'ended' | 'expired'> {
    const version = Number(from.resourceVersion);
    if (version < this.#versions.oldest) return 'expired';
    const { promise, resolve } = Promise.withResolvers<'ended' | 'expired'>();
    const watch = {
      hear: (told: Told<K>) => {
        if (told.namespace === scope.namespace && isSelected(scope, told.change.object))
          listener(told.change);
      },
      end: resolve,
    };
    for (const told of this.#log) if (told.version > version) watch.hear(told);
    const stop = () => resolve('ended');
    from.signal.addEventListener('abort', stop, { once: true });
    if (from.signal.aborted) stop();
    this.#watches.add(watch);
    return promise.finally(() => {
      this.#watches.delete(watch);
      from.signal.removeEventListener('abort', stop);
    });
  }

  end(how: 'ended' | 'expired'): void {
    for (const watch of this.#watches) watch.end(how);
  }

  watching(): number {
    return this.#watches.size;
  }

  #tell(namespace: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Followed[K]): void {
    this.#versions.now += 1;
    const version = this.#versions.now;
    const told = { namespace, version, change: { type, object, resourceVersion: String(version) } };
    this.#log.push(told);
    if (this.silent) return;
    for (const watch of this.#watches) watch.hear(told);
  }
}

function isSelected<K extends Kind>({ kind, labels }: Scope<K>, object: Followed[K]): boolean {
  const [name = '', value] = labels.split('=');
  return kind === 'events' || object.metadata.labels[name] === value;
}
