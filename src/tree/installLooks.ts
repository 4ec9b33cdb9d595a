import type { Disposable } from "../core/dispose.ts";
import type { InstallHealth, Installers } from "../install/index.ts";
import type { KubeClient } from "../kube/client.ts";

/** It is looked for once the rows that a person waits for are there. Milliseconds. */
const AFTER_MS = 500;
/** Where installs are recorded: see src/install/record.ts, whose bundle is not loaded where there is none. */
export const RECORD = {
  kind: { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
  name: "kubeflow-install",
  namespace: "trainyard-system",
} as const;

/** A cluster as far as this goes. */
export interface WithClient {
  readonly connection: { readonly client: KubeClient };
}

interface Look {
  readonly cluster: WithClient;
  readonly ending: AbortController;
  timer: NodeJS.Timeout | undefined;
  health: InstallHealth | undefined;
  /** There is a row of it. */
  isDrawn: boolean;
}

/** What was installed in the clusters whose rows are open: one request where that is nothing. */
export class InstallLooks implements Disposable {
  readonly #load: () => Promise<Pick<Installers, "health">>;
  readonly #redraw: (context: string, isNew: boolean) => void;
  readonly #looks = new Map<string, Look>();

  /** `redraw`: the row says something else; with `isNew` it came or went. */
  constructor(load: () => Promise<Pick<Installers, "health">>, redraw: (context: string, isNew: boolean) => void) {
    this.#load = load;
    this.#redraw = redraw;
  }

  /** Undefined where there is no row to draw. */
  get(context: string): InstallHealth | undefined {
    const health = this.#looks.get(context)?.health;
    return (health?.value?.parts.length ?? 0) > 0 ? health : undefined;
  }

  look(context: string, cluster: WithClient): void {
    const known = this.#looks.get(context);
    if (known?.cluster === cluster) {
      known.health?.look();
      return;
    }
    this.#end(context);
    const look: Look = {
      ...{ cluster, ending: new AbortController(), health: undefined, isDrawn: false },
      timer: setTimeout(() => void this.#find(context, look), AFTER_MS),
    };
    this.#looks.set(context, look);
  }

  /** Nobody sees it: nothing is read till the next look. */
  leave(context: string): void {
    const known = this.#looks.get(context);
    if (known?.health === undefined) this.#end(context);
    else known.health.rest();
  }

  /** A person wants it read anew; of all clusters where none is named. */
  again(context?: string): void {
    for (const [name, { health }] of this.#looks) {
      if (context !== undefined && context !== name) continue;
      if (health === undefined) this.#end(name);
      else health.refresh();
    }
  }

  keep(isDrawn: (context: string) => boolean): void {
    for (const context of [...this.#looks.keys()]) if (!isDrawn(context)) this.#end(context);
  }

  leaveAll(): void {
    for (const context of [...this.#looks.keys()]) this.leave(context);
  }

  dispose(): void {
    this.keep(() => false);
  }

  async #find(context: string, look: Look): Promise<void> {
    const { signal } = look.ending;
    const { client } = look.cluster.connection;
    try {
      if ((await client.find(RECORD.kind, RECORD.name, RECORD.namespace, signal)) === undefined) return;
      const health = (await this.#load()).health(client);
      if (signal.aborted) {
        health.dispose();
        return;
      }
      look.health = health;
      health.onDidChange(() => {
        const wasDrawn = look.isDrawn;
        look.isDrawn = this.get(context) !== undefined;
        if (wasDrawn || look.isDrawn) this.#redraw(context, wasDrawn !== look.isDrawn);
      });
      health.look();
    } catch {
      // Who may not know of it sees no row; of a cluster that is not reached its own row tells.
    }
  }

  #end(context: string): void {
    const known = this.#looks.get(context);
    this.#looks.delete(context);
    clearTimeout(known?.timer);
    known?.ending.abort();
    known?.health?.dispose();
  }
}
