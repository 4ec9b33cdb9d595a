// What the Jupyter extension does with a server that it is given: JupyterLab's own client.
import { type Kernel, type KernelMessage, ServerConnection } from "@jupyterlab/services";

/** `headers` let the client in, by HTTP and by WebSocket. */
export function serverSettings(baseUrl: string, headers: Readonly<Record<string, string>>): ServerConnection.ISettings {
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
