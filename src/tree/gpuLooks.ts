import { type Disposable, DisposableStore, toDisposable } from "../core/dispose.ts";
import type { Cluster } from "../kubeflow/cluster.ts";
import { gpuWords } from "../kubeflow/gpuNames.ts";

/** Nodes and their pods are read once the rows that a person waits for are there. Milliseconds. */
const AFTER_MS = 500;

/** A cluster as far as its GPUs go. */
export type WithGpus = { readonly gpus: Pick<Cluster["gpus"], "state" | "totals" | "onDidChange" | "hold"> };

/** GPUs of the clusters whose rows are open: watched for as long as somebody may see the number. */
export class GpuLooks implements Disposable {
  readonly #redraw: (context: string) => void;
  readonly #held = new Map<string, { readonly cluster: WithGpus; readonly held: Disposable }>();
  /** What was drawn last. */
  readonly #drawn = new Map<string, string>();

  /** `redraw`: the number has changed, or is not kept up to date any more. */
  constructor(redraw: (context: string) => void) {
    this.#redraw = redraw;
  }

  look(context: string, cluster: WithGpus): void {
    if (this.#held.get(context)?.cluster === cluster) return;
    this.leave(context);
    const held = new DisposableStore();
    this.#held.set(context, { cluster, held });
    const timer = setTimeout(() => {
      held.add(
        cluster.gpus.onDidChange(() => {
          const { state, totals } = cluster.gpus;
          if (state.kind === "idle" || state.kind === "loading") return;
          const words = state.kind === "live" ? gpuWords(totals) : "";
          if (words === (this.#drawn.get(context) ?? "")) return;
          this.#drawn.set(context, words);
          this.#redraw(context);
        }),
      );
      held.add(cluster.gpus.hold());
    }, AFTER_MS);
    held.add(toDisposable(() => clearTimeout(timer)));
  }

  /** A number that nobody keeps up to date goes from the rows. */
  leave(context: string): void {
    this.#held.get(context)?.held.dispose();
    this.#held.delete(context);
    if ((this.#drawn.get(context) ?? "") !== "") this.#redraw(context);
    this.#drawn.delete(context);
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
