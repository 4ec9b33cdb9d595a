// A cluster that the person names. Their kubeconfig is read, never written, and the cluster is asked nothing here.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { stringify } from "yaml";
import { loadKubeconfig } from "../../src/kube/kubeconfig.ts";

export interface Given {
  readonly context: string;
  readonly namespace: string;
  /** File that holds the context. */
  readonly file: string;
  /** Value for KUBECONFIG, with that context as the current one. */
  readonly kubeconfig: string;
}

/** @param folder takes a file that names the context, where it is not the current one already */
export async function givenCluster(file: string | undefined, name: string | undefined, folder: string): Promise<Given> {
  const env = file === undefined ? process.env : { KUBECONFIG: file };
  const { contexts, problems, files } = await loadKubeconfig({ env, home: os.homedir(), platform: process.platform });
  const context = contexts.find((candidate) => (name === undefined ? candidate.isCurrent : candidate.name === name));
  if (context === undefined) {
    const broken = problems.map((problem) => ` ${problem.file}: ${problem.message}`).join("");
    const known =
      contexts.length === 0 ? "It has none." : `It has ${contexts.map((candidate) => candidate.name).join(", ")}.`;
    const what = name === undefined ? "no current context: name one with --context" : `no context «${name}»`;
    throw new Error(`The kubeconfig ${files.join(", ")} has ${what}. ${known}${broken}`);
  }
  const named = { context: context.name, namespace: context.namespace, file: context.file };
  const value = files.join(path.delimiter);
  if (context.isCurrent) return { ...named, kubeconfig: value };
  // The first file that names a current context decides. A copy of the entry itself would hold credentials.
  fs.mkdirSync(folder, { recursive: true });
  const chosen = path.join(folder, "context.yaml");
  fs.writeFileSync(chosen, stringify({ apiVersion: "v1", kind: "Config", "current-context": context.name }));
  return { ...named, kubeconfig: [chosen, value].join(path.delimiter) };
}
