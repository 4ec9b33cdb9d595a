import type { Disposable } from "../core/dispose.ts";
import type { Connection } from "../kube/connection.ts";
import type { HttpForward } from "../kube/streams/index.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";

/** A notebook that a browser on this computer may be sent to. */
export interface OpenedNotebook {
  /** Works once, within five minutes. */
  readonly address: string;
  /** Another `host:port` by which the browser may come, such as what vscode.env.asExternalUri says. */
  allowHost(host: string): void;
}

/** The forwards to notebooks, one each, until this is disposed or the notebook is closed. */
export class NotebookForwards implements Disposable {
  /** By uid. */
  readonly #open = new Map<string, { readonly connection: Connection; readonly forward: Promise<HttpForward> }>();
  #isDisposed = false;

  /** Forwards to the notebook's pod. Nothing is asked of the cluster before the browser comes. */
  async open(connection: Connection, notebook: Notebook): Promise<OpenedNotebook> {
    const { uid } = notebook;
    const known = this.#open.get(uid);
    if (known?.connection !== connection) this.close(uid);
    const entry = this.#open.get(uid) ?? { connection, forward: start(connection, notebook) };
    this.#open.set(uid, entry);
    const started = await entry.forward.catch((error: unknown) => {
      // The next try begins anew.
      if (this.#open.get(uid) === entry) this.#open.delete(uid);
      throw error;
    });
    if (this.#isDisposed) started.dispose();
    return { address: started.address(notebook.path), allowHost: (host) => started.allowHost(host) };
  }

  /** The notebook was stopped or deleted. */
  close(uid: string): void {
    const known = this.#open.get(uid);
    this.#open.delete(uid);
    known?.forward.then(
      (forward) => forward.dispose(),
      // It never came to be: whoever opened it was told.
      () => undefined,
    );
  }

  /** Ends those over connections that are no more. */
  prune(isCurrent: (connection: Connection) => boolean): void {
    for (const [uid, { connection }] of this.#open) if (!isCurrent(connection)) this.close(uid);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.prune(() => false);
  }
}

async function start(connection: Connection, { namespace, name, port }: Notebook): Promise<HttpForward> {
  // A bundle of its own, needed only here and for shells.
  const { connectPod, HttpForward } = await import("../kube/streams/index.ts");
  // A StatefulSet of one (notebook-controller v1.11.0).
  const pod = `${name}-0`;
  return HttpForward.start({
    connect: (signal) => connectPod({ connection, namespace, pod, port, signal }),
    ownHosts: ["localhost", "127.0.0.1", "0.0.0.0", pod].map((host) => `${host}:${port}`),
  });
}
