// The wish of the page that installs alone, which has no cluster to make.
import { type KubeflowWish, NO_KUBEFLOW, type Wish } from "../contract/wish.ts";
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
