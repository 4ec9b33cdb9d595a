import type { KubeObject } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { record, text } from "../read.ts";
import { CLAIM } from "./resources.ts";

/** A claim to a volume, as far as it holds up who mounts it. */
export interface Claim {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  /** Empty: a volume that is there already is wanted; undefined: the default class. */
  readonly storageClass: string | undefined;
}

export const CLAIMS: StoreDefinition<Claim> = { kind: CLAIM, project: projectClaim };

function projectClaim(object: KubeObject): Claim {
  const { metadata } = object;
  const { spec, status } = record(object);
  const { storageClassName } = record(spec);
  return {
    uid: metadata.uid ?? "",
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    phase: text(record(status)["phase"]) ?? "Pending",
    storageClass: typeof storageClassName === "string" ? storageClassName : undefined,
  };
}
