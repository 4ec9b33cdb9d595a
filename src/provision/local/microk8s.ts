import type { LocalCommand, LocalTool } from "./localTool.ts";

const command = (...args: string[]): LocalCommand => ({ program: "microk8s", args });

/** microk8s that is there is adopted. Nothing is installed or removed: both would need root. */
export const microk8s: LocalTool = {
  name: "microk8s",
  version: command("version"),
  create: () => undefined,
  progress: () => undefined,
  kubeconfig: () => command("config"),
  list: command("status"),
  clusters: (stdout) => [{ name: "microk8s", running: /microk8s is running/.test(stdout) }],
  delete: () => undefined,
};
