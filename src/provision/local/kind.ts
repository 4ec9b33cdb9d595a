import path from "node:path";
import { stringify } from "yaml";
import { label } from "../../core/sanitize.ts";
import type { LocalCommand, LocalProgress, LocalTool } from "./localTool.ts";

const command = (...args: string[]): LocalCommand => ({ program: "kind", args });

/** Patch releases of which a node image was seen, by minor version: kind has no names without a patch. 1.36.1 is of kind v0.32.0, as Kubeflow's own tests use it (2026-06-12). */
const IMAGES: ReadonlyMap<string, string> = new Map([["1.34", "1.34.3"], ["1.35", "1.35.0"], ["1.36", "1.36.1"]]); // prettier-ignore

/** One node of kind, whose API server issues the tokens that Kubeflow's sign-in expects. It knows no limits of CPU or memory. */
export const kind: LocalTool = {
  name: "kind",
  version: command("version"),
  create: (name, { version }, file) => {
    const config = path.join(path.dirname(file), "kind.yaml");
    const image = version === "" ? [] : [`--image=kindest/node:v${patchOf(version)}`];
    const where = [`--name=${name}`, `--kubeconfig=${file}`, `--config=${config}`];
    return { ...command("create", "cluster", ...where, ...image, "--wait=5m"), files: { [config]: CONFIG } };
  },
  progress,
  kubeconfig: (name) => command("get", "kubeconfig", `--name=${name}`),
  list: command("get", "clusters"),
  clusters: (stdout) =>
    stdout
      .split(/\r?\n/)
      .filter((name) => /^[\w.-]+$/.test(name))
      .map((name) => ({ name, running: undefined })),
  delete: (name) => command("delete", "cluster", `--name=${name}`),
};

// Kubeflow's CI sets the same issuer (community-distribution, tests/kind); the key is where kubeadm puts it.
const CONFIG = stringify({
  kind: "Cluster",
  apiVersion: "kind.x-k8s.io/v1alpha4",
  nodes: [{ role: "control-plane" }],
  kubeadmConfigPatches: [
    stringify({
      kind: "ClusterConfiguration",
      apiServer: {
        extraArgs: {
          "service-account-issuer": "https://kubernetes.default.svc",
          "service-account-signing-key-file": "/etc/kubernetes/pki/sa.key",
        },
      },
    }),
  ],
});

/** Where no image was seen, the first of the minor version; kind says so where there is none. */
function patchOf(version: string): string {
  return version.split(".").length > 2 ? version : (IMAGES.get(version) ?? `${version}.0`);
}

/** ` • Preparing nodes 📦 …`, then ` ✓ Preparing nodes 📦`; `ERROR: …` at the end. */
function progress(line: string): LocalProgress | undefined {
  const failed = /^ERROR: (.+)$/.exec(line)?.[1];
  if (failed !== undefined) return { detail: label(failed, 160), error: label(failed, 300) };
  const words = /^\s*[•✓✗] (.+?)(?: \p{Extended_Pictographic}.*)?$/u.exec(line)?.[1];
  return words === undefined ? undefined : { detail: label(words.replace(/\s*\.\.\.$/, ""), 160) };
}
