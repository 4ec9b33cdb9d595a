// What a row tells of an object that is neither a training job nor a notebook: its own controller has told it by its status.
import type { KubeObject } from "../../kube/objects.ts";
import { text, time } from "../read.ts";

/** Words of the table of states (ux). */
export type WorkloadState =
  | "Waiting"
  | "Starting"
  | "Running"
  | "Restarting"
  | "Suspended"
  | "Stopped"
  | "Succeeded"
  | "Ready"
  | "Failed"
  | "Stopping";

/** Times are wall ms; texts are the cluster's own. */
export interface Workload {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly created: number;
  readonly deleting: boolean;
  readonly state: WorkloadState;
  /** What matters next; empty where the state says it all. */
  readonly detail: string;
  /** Why it is so, in its controller's words. */
  readonly said: string | undefined;
  /** Its controller has seen it. */
  readonly hasStatus: boolean;
  /** Since when it is so; its creation where nobody says. */
  readonly since: number;
  readonly hasEnded: boolean;
  /** More for the tooltip, a line each. */
  readonly facts: readonly string[];
  /** Selectors of its pods, what a person wants to read first. */
  readonly pods: readonly string[];
}

type Told = Pick<Workload, "state" | "detail" | "facts" | "pods"> &
  Partial<Pick<Workload, "said" | "hasEnded">> & {
    readonly since: number | undefined;
    readonly hasStatus: boolean;
  };

/** The same for every kind: one that goes says that alone. */
export function workload({ metadata }: KubeObject, told: Told): Workload {
  const created = time(metadata.creationTimestamp) ?? 0;
  const deleting = metadata.deletionTimestamp !== undefined;
  return {
    said: undefined,
    hasEnded: false,
    ...told,
    uid: metadata.uid ?? "",
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    created,
    deleting,
    since: told.since ?? created,
    ...(deleting ? { state: "Stopping", detail: "being deleted", said: undefined } : {}),
  };
}

/** A value of a label selector; empty where it can be none, and then selects nothing. */
export function selector(label: string, value: unknown): readonly string[] {
  const name = text(value);
  return name === undefined || !/^[a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?$/.test(name) ? [] : [`${label}=${name}`];
}
