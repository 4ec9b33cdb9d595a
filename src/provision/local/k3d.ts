import path from "node:path";
import { stringify } from "yaml";
import type { LocalWish } from "../../contract/wish.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { list, number, text } from "../../kubeflow/read.ts";
import type { LocalCommand, LocalProgress, LocalTool } from "./localTool.ts";

const command = (...args: string[]): LocalCommand => ({ program: "k3d", args });

/** k3d: k3s in Docker, with a registry and a folder of this computer where they are asked for. */
export const k3d: LocalTool = {
  name: "k3d",
  version: command("version"),
  create: (name, wish, file) => {
    const config = path.join(path.dirname(file), "k3d.yaml");
    return { ...command("cluster", "create", name, `--config=${config}`), files: { [config]: configText(name, wish) } };
  },
  progress,
  kubeconfig: (name) => command("kubeconfig", "get", name),
  list: command("cluster", "list", "--output=json"),
  clusters: (stdout) =>
    list(JSON.parse(stdout)).flatMap((one) => {
      const name = text(one["name"]);
      return name === undefined ? [] : { name, running: (number(one["serversRunning"]) ?? 0) > 0 };
    }),
  delete: (name) => command("cluster", "delete", name),
};

/** Fields: k3d.io, usage/configfile (k3d.io/v1alpha5). */
function configText(name: string, { version, memoryGiB, registry, volume, gpus }: LocalWish): string {
  return stringify({
    ...{ apiVersion: "k3d.io/v1alpha5", kind: "Simple", metadata: { name }, servers: 1, agents: 0 },
    ...(version !== "" && { image: image(version) }),
    ...(registry && { registries: { create: { name: `${name}-registry` } } }),
    ...(volume !== "" && { volumes: [{ volume: `${checkedFolder(volume)}:/data`, nodeFilters: ["server:*"] }] }),
    options: {
      k3d: { wait: true, timeout: "300s" },
      // Kubeflow brings a gateway of its own.
      k3s: { extraArgs: [{ arg: "--disable=traefik", nodeFilters: ["server:*"] }] },
      // The kubeconfig is asked for afterwards; the person's own stays as it is.
      kubeconfig: { updateDefaultKubeconfig: false, switchCurrentContext: false },
      // It limits memory alone; CPUs are Docker's.
      runtime: { serversMemory: `${memoryGiB}g`, ...(gpus && { gpuRequest: "all" }) },
    },
  });
}

/** `+v1.35` follows the channel of k3s (k3d 5.1.0); a whole version is an image. */
function image(version: string): string {
  return version.split(".").length > 2 ? `rancher/k3s:v${version}-k3s1` : `+v${version}`;
}

/** k3d splits the option at `:` and `@`. Throws UserError `folder-unusable`. */
function checkedFolder(folder: string): string {
  if (!/[@;]/.test(folder) && !folder.replace(/^[A-Za-z]:(?=[\\/])/, "").includes(":")) return folder;
  throw new UserError("folder-unusable", "The cluster was not made.", {
    why: `k3d cannot take a folder with a colon, a semicolon or an @ in its name: ${label(folder, 120)}.`,
  });
}

/** `INFO[0003] Creating node 'k3d-a-server-0'` on a terminal, `time="…" level=info msg="…"` elsewhere (logrus). */
function progress(line: string): LocalProgress | undefined {
  const short = /^(INFO|WARN|ERRO|FATA)\[\d+\] (.+)$/.exec(line);
  const long = /\blevel=(info|warning|error|fatal) msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line);
  const level = (short?.[1] ?? long?.[1] ?? "").toLowerCase();
  const detail = label((short?.[2] ?? long?.[2] ?? long?.[3] ?? "").replaceAll('\\"', '"'), 160);
  if (detail === "") return undefined;
  return /^(erro|fata)/.test(level) ? { detail, error: detail } : { detail };
}
