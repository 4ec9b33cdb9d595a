import { existsSync } from "node:fs";
import type { CommandDeps } from "../deps.ts";

type FilesDeps = Pick<CommandDeps, "engine" | "settings">;

/** Adds a kubeconfig file to the setting. With an own list the default files would no longer be read: they stay in it. */
export async function addFile({ engine: load, settings }: FilesDeps, file: string): Promise<void> {
  const engine = await load();
  await engine.load();
  // One that is not there would be a complaint in the tree from now on.
  const defaults =
    settings.kubeconfigPaths().length > 0 ? [] : engine.kubeconfigFiles().filter((one) => existsSync(one));
  for (const known of defaults) await settings.addKubeconfigPath(known);
  await settings.addKubeconfigPath(file);
  await engine.reload();
}

/** Takes a kubeconfig file out of the setting; the file stays where it is. */
export async function forgetFile({ engine: load, settings }: FilesDeps, file: string): Promise<void> {
  await settings.removeKubeconfigPath(file);
  await (await load()).reload();
}
