// A stand-in for the Jupyter extension, which is not to be had as a package: its published API as far as servers go,
// whose kernels can be chosen and run cells.
import type { Jupyter, JupyterServerCollection, JupyterServerProvider } from "@vscode/jupyter-extension";
import * as vscode from "vscode";
import { Kernels } from "./kernels.ts";

const SLEEP = "jupyterStandIn.sleep";

export interface KeptCollection extends JupyterServerCollection {
  readonly provider: JupyterServerProvider;
  isDisposed: boolean;
}

/** What `activate` returns; `kept` is for tests. */
export interface JupyterStandIn extends Jupyter {
  readonly kept: readonly KeptCollection[];
}

export function activate(context: vscode.ExtensionContext): JupyterStandIn {
  const kept: KeptCollection[] = [];
  const kernels = new Kernels(context, kept);
  context.subscriptions.push(vscode.commands.registerCommand(SLEEP, sleep));
  return {
    kept,
    kernels: { getKernel: () => Promise.resolve(undefined) },
    createJupyterServerCollection: (id, label, provider) => {
      const collection: KeptCollection = {
        ...{ id, label, provider, isDisposed: false },
        dispose: () => (collection.isDisposed = true),
      };
      kept.push(collection);
      void kernels.restore(collection);
      return collection;
    },
  };
}

/** An hour passes on the wall while all timers stand still, as for a computer that sleeps. */
function sleep(): void {
  const now = Date.now.bind(Date);
  Date.now = () => now() + 3_600_000;
}
