// What is known of a run before it is sent, and what the checks are fed with.
import { isApiError } from "../../kube/errors.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { Right } from "../../kube/rights.ts";
import type { Answer } from "../../kube/access.ts";
import type { Room, RoomReader } from "../../kubeflow/nodeRoom.ts";
import type { RunPlan } from "../desk.ts";

/** Where on a form a finding belongs. */
export type FindingField =
  | ("kind" | "runtime" | "cluster" | "namespace" | "nodes" | "cpu" | "memory" | "gpus" | "image" | "env" | "secrets")
  | ("volumes" | "data" | "nodeSelector" | "tolerations" | "serviceAccount" | "queue" | "priority" | "limits")
  | ("code" | "output");

export interface Finding {
  readonly field: FindingField;
  /** `problem`: the run fails or waits for ever. `unknown`: it cannot be told. */
  readonly level: "ok" | "unknown" | "warning" | "problem";
  readonly text: string;
  readonly lines?: readonly string[];
  /** What can be pressed. */
  readonly next?: { readonly title: string; readonly what: "gpu-node" | "install" | "request" | "show-room" };
}

/** The GPU pool of a cluster that was made from here. */
export interface MadePool {
  /** GPUs of a node. */
  readonly perNode: number;
  readonly mostNodes: number;
  readonly scalesItself: boolean;
  /** Dollars of one node; undefined where that is not known. */
  readonly perHour: number | undefined;
}

export interface CheckSources {
  readonly client: KubeClient;
  /** Whether the person may do this in the run's namespace. */
  readonly may: (right: Right) => Promise<Answer>;
  readonly rooms: RoomReader;
  /** What was read of the nodes a moment ago does not count. */
  readonly anew?: boolean;
  /** What the server says of all that would be sent (Launcher.preflight); left out where it was asked already. */
  readonly dryRun?: (signal: AbortSignal) => Promise<void>;
  /** Undefined where the cluster was not made from here, or has none. */
  readonly gpuPool?: () => Promise<MadePool | undefined>;
}

/** An object that was asked for, or why there is none to look at. */
export type Seen<T> =
  | { readonly kind: "found"; readonly value: T }
  /** `isServed`: the cluster knows the kind. */
  | { readonly kind: "missing"; readonly isServed: boolean }
  | { readonly kind: "forbidden" };

/** What several checks look at is read once. */
export interface Site extends RunPlan, CheckSources {
  readonly signal: AbortSignal;
  /** Of a TrainJob. */
  readonly runtime: Promise<Seen<KubeObject> | undefined>;
  readonly limitRanges: Promise<Seen<readonly KubeObject[]>>;
}

/** With what the nodes have left, of those that fit its GPU. */
export interface RoomSite extends Site {
  readonly room: Promise<Room | undefined>;
}

export async function seen<T>(read: Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: "found", value: await read };
  } catch (error) {
    if (isApiError(error) && error.status === 403) return { kind: "forbidden" };
    // A path that is not served is answered without the name of an object.
    if (isApiError(error) && error.status === 404)
      return { kind: "missing", isServed: (error.details?.name ?? "") !== "" };
    throw error;
  }
}

type Next = NonNullable<Finding["next"]>;

export const REQUEST: Next = { title: "Copy Request for Your Admin", what: "request" };
export const INSTALL: Next = { title: "Install Training…", what: "install" };

export function ok(field: FindingField, text: string): Finding {
  return { field, level: "ok", text };
}

export function warning(field: FindingField, text: string): Finding {
  return { field, level: "warning", text };
}

export function problem(field: FindingField, text: string): Finding {
  return { field, level: "problem", text };
}

/** «Whether … cannot be told: you may not read secrets here.» */
export function untold(field: FindingField, what: string, right: string): Finding {
  return { field, level: "unknown", text: `${what} cannot be told: you may not ${right}.` };
}
