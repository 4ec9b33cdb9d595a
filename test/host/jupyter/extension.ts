// A stand-in for the Jupyter extension: its published API as far as servers go, which keeps what it is given.
import type { Jupyter, JupyterServerCollection, JupyterServerProvider } from "@vscode/jupyter-extension";

export interface KeptCollection extends JupyterServerCollection {
  readonly provider: JupyterServerProvider;
  isDisposed: boolean;
}

/** What `activate` returns; `kept` is for tests. */
export interface JupyterStandIn extends Jupyter {
  readonly kept: readonly KeptCollection[];
}

export function activate(): JupyterStandIn {
  const kept: KeptCollection[] = [];
  return {
    kept,
    kernels: { getKernel: () => Promise.resolve(undefined) },
    createJupyterServerCollection: (id, label, provider) => {
      const collection: KeptCollection = {
        ...{ id, label, provider, isDisposed: false },
        dispose: () => (collection.isDisposed = true),
      };
      kept.push(collection);
      return collection;
    },
  };
}
