// Kernels of a notebook in the cluster, by JupyterLab's own client.
import { KernelManager, type ServerConnection } from "@jupyterlab/services";
import { serverSettings } from "../jupyter/client.ts";
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
  return serverSettings(baseUrl, headers);
}

export function manager(cleanup: Cleanup, settings: ServerConnection.ISettings): KernelManager {
  const made = new KernelManager({ serverSettings: settings });
  cleanup.add(() => made.dispose());
  return made;
}
