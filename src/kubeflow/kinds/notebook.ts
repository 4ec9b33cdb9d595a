import type { KubeObject } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import type { JobPod } from "../model.ts";
import { list, record, text, time, whole } from "../read.ts";
import { message, templateGpus } from "./jobParts.ts";
import { projectPod } from "./pod.ts";
import { type Serving, servingOf } from "./notebookServing.ts";
import { NOTEBOOK, POD } from "./resources.ts";

export { NOTEBOOK } from "./resources.ts";

/** Set to a time it stops the notebook, taken away it starts it (notebook-controller v1.11.0: pkg/culler). */
export const STOPPED_ANNOTATION = "kubeflow-resource-stopped";
const ACTIVITY_ANNOTATION = "notebooks.kubeflow.org/last-activity";
const SERVER_ANNOTATION = "notebooks.kubeflow.org/server-type";
/** On a notebook's pod, with the notebook's name. */
export const NOTEBOOK_LABEL = "notebook-name";
/** Where a server listens whose container names no port (notebook-controller: DefaultContainerPort). */
const DEFAULT_PORT = 8888;

/** A notebook server. Times are wall ms; texts are the cluster's own. */
export interface Notebook extends Serving {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly created: number;
  readonly deleting: boolean;
  /** Asked to be stopped. */
  readonly stopped: boolean;
  /** Since when; undefined where the annotation does not say. */
  readonly stoppedAt: number | undefined;
  /** False before the controller has seen it. */
  readonly hasStatus: boolean;
  readonly ready: boolean;
  /** Since when its container runs, as its own status says. */
  readonly runningSince: number | undefined;
  /** What its container waits for, as the notebook's own status says. */
  readonly waiting: Said | undefined;
  /** Its newest condition that gives a reason. */
  readonly condition: Said | undefined;
  readonly image: string | undefined;
  readonly gpus: number;
  /** Names of the volume claims that its pod mounts. */
  readonly claims: readonly string[];
  /** When somebody last did something in it; undefined where nobody keeps count (the culler is off by default). */
  readonly lastActivity: number | undefined;
  /** `jupyter`, `group-one` (code-server), `group-two` (RStudio), or what else the object says. */
  readonly server: string;
  readonly port: number;
}

/** A reason, and what was said of it. */
export interface Said {
  readonly reason: string;
  readonly message: string | undefined;
}

export const NOTEBOOKS: StoreDefinition<Notebook> = { kind: NOTEBOOK, project: projectNotebook };

/** The pods of notebooks; `job` and `role` hold the notebook's name, after which its main container is called. */
export const NOTEBOOK_PODS: StoreDefinition<JobPod> = {
  kind: POD,
  labelSelector: NOTEBOOK_LABEL,
  project: (object) => {
    const name = text(object.metadata.labels?.[NOTEBOOK_LABEL]) ?? "";
    return { ...projectPod(object), job: name, role: name };
  },
};

export function projectNotebook(object: KubeObject): Notebook {
  const { metadata } = object;
  const { name, namespace = "", annotations = {} } = metadata;
  const template = record(record(record(object)["spec"])["template"]);
  const containers = list(record(template["spec"])["containers"]);
  const main = containers.find((container) => container["name"] === name) ?? containers[0] ?? {};
  const status = record(record(object)["status"]);
  const waiting = record(record(status["containerState"])["waiting"]);
  const server = text(annotations[SERVER_ANNOTATION]) ?? "jupyter";
  const home = `/notebook/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/`;
  return {
    uid: metadata.uid ?? "",
    name,
    namespace,
    created: time(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    stopped: annotations[STOPPED_ANNOTATION] !== undefined,
    stoppedAt: time(annotations[STOPPED_ANNOTATION]),
    hasStatus: Object.keys(status).length > 0,
    ready: (whole(status["readyReplicas"], 1) ?? 0) === 1,
    runningSince: time(record(record(status["containerState"])["running"])["startedAt"]),
    waiting: said(waiting),
    condition: said(list(status["conditions"]).find(({ reason }) => text(reason) !== undefined) ?? {}),
    image: text(main["image"]),
    gpus: templateGpus(template),
    claims: claimsIn(template["spec"]),
    lastActivity: time(annotations[ACTIVITY_ANNOTATION]),
    server,
    ...servingOf(main, annotations, home, server === "group-one" || server === "group-two"),
    port: portOf(list(main["ports"])[0]?.["containerPort"]),
  };
}

/** Of its pod: a StatefulSet of one (notebook-controller v1.11.0). */
export function podName(notebook: string): string {
  return `${notebook}-0`;
}

/** Names of the volume claims that a pod's spec names. */
export function claimsIn(podSpec: unknown): readonly string[] {
  const claims = list(record(podSpec)["volumes"]).map(({ persistentVolumeClaim }) => record(persistentVolumeClaim));
  return [...new Set(claims.flatMap(({ claimName }) => text(claimName) ?? []))];
}

function said(value: Readonly<Record<string, unknown>>): Said | undefined {
  const reason = text(value["reason"]);
  return reason === undefined ? undefined : { reason, message: message(value["message"]) };
}

function portOf(value: unknown): number {
  const port = whole(value, 65_535) ?? 0;
  return port === 0 ? DEFAULT_PORT : port;
}
