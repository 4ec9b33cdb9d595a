// What the Jupyter extension does with a server that it is given: JupyterLab's own client.
import { type Kernel, KernelManager, type KernelMessage, ServerConnection } from "@jupyterlab/services";
import type { Cleanup, Rig } from "./support.ts";

const QUIET = { tell: () => undefined, mayStart: () => Promise.resolve(false) };

/** The client tells the console each step of its own. */
export function hush(cleanup: Cleanup): void {
  const { debug, warn } = console;
  Object.assign(console, { debug: () => undefined, warn: () => undefined });
  cleanup.add(() => void Object.assign(console, { debug, warn }));
}

export function connect(
  rig: Rig,
  namespace: string,
  name: string,
): ReturnType<Rig["engine"]["notebookServers"]["connect"]> {
  const id = Buffer.from(JSON.stringify([rig.context, namespace, name])).toString("base64url");
  return rig.engine.notebookServers.connect(id, QUIET, new AbortController().signal);
}

export async function settingsOf(rig: Rig, namespace: string, name: string): Promise<ServerConnection.ISettings> {
  const { baseUrl, headers } = await connect(rig, namespace, name);
  class Socket extends WebSocket {
    constructor(url: string | URL, protocols: ConstructorParameters<typeof WebSocket>[1] = []) {
      super(url, typeof protocols === "string" || Array.isArray(protocols) ? { protocols, headers } : protocols);
    }
  }
  return ServerConnection.makeSettings({
    ...{ baseUrl, wsUrl: baseUrl.replace(/^http/, "ws"), token: "", init: { headers } },
    ...{ fetch, WebSocket: Socket },
  });
}

export function manager(cleanup: Cleanup, serverSettings: ServerConnection.ISettings): KernelManager {
  const made = new KernelManager({ serverSettings });
  cleanup.add(() => made.dispose());
  return made;
}

/** What a cell prints, or the name of what it raised; `heard` is told of each part. */
export async function run(
  kernel: Kernel.IKernelConnection,
  code: string,
  heard: (said: string) => void = () => undefined,
): Promise<string> {
  let said = "";
  const future = kernel.requestExecute({ code });
  future.onIOPub = (message: KernelMessage.IIOPubMessage) => {
    const { content } = message;
    said += "text" in content ? String(content.text) : "ename" in content ? String(content.ename) : "";
    heard(said);
  };
  await future.done;
  return said.trim();
}
