// The wish of the page that installs alone, which has no cluster to make, and what is shown of it.
import type { Preview } from "../contract/preview.ts";
import { type KubeflowWish, NO_KUBEFLOW, type Wish } from "../contract/wish.ts";
import { type FormFacts, kubeflowForm } from "./form.ts";
import type { InstallRecord } from "./record.ts";
import type { Release } from "./release.ts";

/** The cluster is there: what would make one is not asked. */
const POOL = { machine: "", nodes: 0, maxNodes: 0 };
const BLANK: Omit<Wish, "name" | "kubeflow"> = {
  where: "local",
  state: { kind: "unset" },
  gke: { project: "", region: "", zones: [], cpu: POOL, gpu: null, authorizedNetworks: [], protect: false },
  eks: { profile: "", region: "", version: "", cpu: POOL, gpu: null, authorizedNetworks: [] },
  local: { tool: "k3d", version: "", cpus: 0, memoryGiB: 0, diskGiB: 0, gpus: false, registry: false, volume: "" },
};

/** What the page begins with; its name is the context. */
export function firstWish(context: string, profile: string): Wish {
  return { ...BLANK, name: context, kubeflow: { ...NO_KUBEFLOW, profile } };
}

/** What was asked for when the install was begun. */
export function wishOf({ choice }: InstallRecord, wish: KubeflowWish, release: Release): KubeflowWish {
  const { wanted, folder = "", adopt = [], people = [], quota = wish.quota, storageClass = "" } = choice;
  const [only = ""] = wanted;
  const isProfile = wanted.length === 1 && release.profiles.some(({ id }) => id === only);
  const components = isProfile ? [] : wanted;
  return {
    ...{ profile: isProfile ? only : "parts", components: [...components], folder, adopt: [...adopt] },
    ...{ people: [...people], quota: { ...quota }, storageClass, sample: wish.sample },
  };
}

const NO_COST = { least: 0, most: 0 };

/** What may be chosen, what is wrong with it, what would come. */
export function previewOf({ kubeflow }: Wish, release: Release, facts: FormFacts): Preview {
  const { findings, choices, made } = kubeflowForm(kubeflow, release, facts);
  const cost = { lines: [], hour: NO_COST, month: NO_COST, complete: true, notIncluded: [] };
  // Whoever wants nothing installed closes the page.
  const offered = choices["kubeflow.profile"]?.filter(({ value }) => value !== "") ?? [];
  return { findings, choices: { ...choices, "kubeflow.profile": offered }, made, cost, compare: [], files: [] };
}
