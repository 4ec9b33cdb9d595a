import { type Disposable, DisposableStore, toDisposable } from "../core/dispose.ts";
import type { Cluster } from "../kubeflow/cluster.ts";
import { gpuWords } from "../kubeflow/gpuUse.ts";

/** Nodes and their pods are read once the rows that a person waits for are there. Milliseconds. */
const AFTER_MS = 500;

/** GPUs of the clusters whose rows are open: watched for as long as somebody may see the number. */
export class GpuLooks implements Disposable {
  readonly #redraw: (context: string) => void;
  readonly #held = new Map<string, { readonly cluster: Cluster; readonly held: Disposable }>();

  /** `redraw`: the number has changed. */
  constructor(redraw: (context: string) => void) {
    this.#redraw = redraw;
  }

  look(context: string, cluster: Cluster): void {
    if (this.#held.get(context)?.cluster === cluster) return;
    this.leave(context);
    const held = new DisposableStore();
    this.#held.set(context, { cluster, held });
    let words = gpuWords(cluster.gpus.totals);
    const timer = setTimeout(() => {
      held.add(
        cluster.gpus.onDidChange(() => {
          const now = gpuWords(cluster.gpus.totals);
          if (now === words) return;
          words = now;
          this.#redraw(context);
        }),
      );
      held.add(cluster.gpus.hold());
    }, AFTER_MS);
    held.add(toDisposable(() => clearTimeout(timer)));
  }

  leave(context: string): void {
    this.#held.get(context)?.held.dispose();
    this.#held.delete(context);
  }

  /** Leaves those that are not drawn any more. */
  keep(isDrawn: (context: string) => boolean): void {
    for (const context of [...this.#held.keys()]) if (!isDrawn(context)) this.leave(context);
  }

  leaveAll(): void {
    for (const context of [...this.#held.keys()]) this.leave(context);
  }

  dispose(): void {
    this.leaveAll();
  }
}
