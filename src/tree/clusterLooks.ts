import { type Disposable } from "../core/dispose.ts";
import type { Engine } from "../engine.ts";
import type { InstallHealth, Installers } from "../install/index.ts";
import type { Cluster } from "../kubeflow/cluster.ts";
import { GpuLooks } from "./gpuLooks.ts";
import { InstallLooks } from "./installLooks.ts";
import { clusterNode, folderNode } from "./nodes.ts";

/** What the tree reads from; loaded on first use. */
export interface TreeSources {
  readonly engine: () => Promise<Engine>;
  readonly installers: () => Promise<Pick<Installers, "health">>;
}

/** A cluster's row is drawn with all that is below it: its number of GPUs waits so long, in ms. */
const CLUSTER_DELAY_MS = 2_000;

/** What is read of the clusters whose rows are open, besides their namespaces, for as long as somebody may see it. */
export class ClusterLooks implements Disposable {
  readonly #gpus: GpuLooks;
  readonly #installs: InstallLooks;

  /** `redraw`: the row of this id, in so many ms at most. */
  constructor(installers: TreeSources["installers"], redraw: (id: string, ms?: number) => void) {
    this.#gpus = new GpuLooks((context) => redraw(clusterNode(context).id, CLUSTER_DELAY_MS));
    this.#installs = new InstallLooks(installers, (context, isNew) => {
      const cluster = clusterNode(context);
      redraw(isNew ? cluster.id : folderNode(cluster, "kubeflow").id);
    });
  }

  install(context: string): InstallHealth | undefined {
    return this.#installs.get(context);
  }

  look(context: string, cluster: Cluster): void {
    this.#gpus.look(context, cluster);
    this.#installs.look(context, cluster);
  }

  again(context?: string): void {
    this.#installs.again(context);
  }

  leave(context: string): void {
    this.#gpus.leave(context);
    this.#installs.leave(context);
  }

  keep(isDrawn: (context: string) => boolean): void {
    this.#gpus.keep(isDrawn);
    this.#installs.keep(isDrawn);
  }

  leaveAll(): void {
    this.#gpus.leaveAll();
    this.#installs.leaveAll();
  }

  dispose(): void {
    this.#gpus.dispose();
    this.#installs.dispose();
  }
}
