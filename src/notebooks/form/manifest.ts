// A notebook as it is wished for, and the objects that it is made of. Pure.
import { createHash } from "node:crypto";
import type { NotebookField } from "../../contract/notebookForm.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { NOTEBOOK_LABEL } from "../../kubeflow/kinds/notebook.ts";
import { type Json, record } from "../../kubeflow/read.ts";
import type { Server } from "./spawner.ts";

export interface WishedVolume {
  readonly field: NotebookField;
  readonly claim: string;
  readonly path: string;
  readonly readOnly: boolean;
  /** A claim that is made: what else its metadata holds, and its spec. */
  readonly make?: { readonly metadata: Json; readonly spec: Json };
}

/** Everything that a notebook is, decided before the first request. */
export interface NotebookWish {
  readonly name: string;
  readonly namespace: string;
  readonly server: Server;
  readonly image: string;
  readonly pullPolicy: string;
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly volumes: readonly WishedVolume[];
  /** Volumes of other sources, which the spawner's configuration adds. */
  readonly sources: readonly { readonly path: string; readonly source: Json }[];
  readonly shm: boolean;
  /** By which PodDefaults choose its pod. */
  readonly labels: Readonly<Record<string, string>>;
  readonly tolerations: readonly Json[];
  readonly affinity: Json | undefined;
  /** As a pod has them. */
  readonly env: readonly ({ readonly name: string } & ({ readonly value: string } | { readonly valueFrom: Json }))[];
  /** "" for the namespace's default. */
  readonly serviceAccount: string;
}

export interface NotebookManifests {
  readonly resource: ResourceKind;
  readonly notebook: KubeObject & { readonly spec: Json };
  /** Made before it. */
  readonly claims: readonly (KubeObject & { readonly spec: Json })[];
}

/**
 * Pods of a StatefulSet carry its name with a hash of ten characters in the label `controller-revision-hash`, and a
 * label's value has 63 at most (kubernetes pkg/controller/history); the Service `<name>` allows 63, the pod `<name>-0` more.
 */
export const MOST_NAME = 52;

/** On what one press of the button makes; `notebook` in a key keeps it off the pod (notebook-controller v1.11.0). */
export const MAKING_ANNOTATION = "trainyard/notebook-making";
/** A hash of the object as it was wished for: the server keeps it in words of its own, such as 1Gi for 1024Mi. */
export const WISHED_ANNOTATION = "trainyard/notebook-wished";
const ANNOTATION = "notebooks.kubeflow.org/";
/** Where the controller of 1.11 lets a container begin whose image says nothing else. */
const HOME = "/home/jovyan";
const FILE_GROUP = 100;

/** `making`: of this press, by which a second one knows what the first has made. */
export function buildNotebook(wish: NotebookWish, resource: ResourceKind, making: string): NotebookManifests {
  const { name, namespace, server, labels } = wish;
  const isAtRoot = server !== "jupyter";
  const headers = JSON.stringify({ "X-RStudio-Root-Path": `/notebook/${namespace}/${name}/` });
  return {
    resource,
    notebook: stamped(making, {
      apiVersion: `${resource.group}/${resource.version}`,
      kind: resource.kind,
      metadata: {
        name,
        namespace,
        labels: { app: name, ...labels },
        annotations: {
          [`${ANNOTATION}server-type`]: server,
          ...(isAtRoot && { [`${ANNOTATION}http-rewrite-uri`]: "/" }),
          ...(server === "group-two" && { [`${ANNOTATION}http-headers-request-set`]: headers }),
        },
      },
      spec: { template: { spec: podSpec(wish) } },
    }),
    claims: wish.volumes.flatMap(({ claim, make }) => {
      if (make === undefined) return [];
      const { labels: own, annotations } = make.metadata;
      return stamped(making, {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          ...{ name: claim, namespace, ...(own !== undefined && { labels: strings(own) }) },
          annotations: strings(annotations),
        },
        spec: make.spec,
      });
    }),
  };
}

function stamped<T extends KubeObject>(making: string, object: T): T {
  const wished = createHash("sha256").update(JSON.stringify(object)).digest("hex").slice(0, 16);
  const annotations = { ...object.metadata.annotations, [MAKING_ANNOTATION]: making, [WISHED_ANNOTATION]: wished };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The pod as the controller will ask for it: what admission says of it, it says of the notebook. */
export function podOf({ name, namespace, labels, ...wish }: NotebookWish): KubeObject & { readonly spec: Json } {
  const spec = podSpec({ name, namespace, labels, ...wish });
  const [container] = spec.containers;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-0`,
      namespace,
      labels: { statefulset: name, [NOTEBOOK_LABEL]: name, app: name, ...labels },
    },
    spec: {
      securityContext: { fsGroup: FILE_GROUP },
      ...spec,
      containers: [{ workingDir: HOME, ...container }],
    },
  };
}

function podSpec(wish: NotebookWish) {
  const { name, image, pullPolicy, requests, limits, env, serviceAccount, tolerations, affinity } = wish;
  const volumes = volumesOf(wish);
  return {
    ...(serviceAccount !== "" && { serviceAccountName: serviceAccount }),
    containers: [
      {
        name,
        image,
        imagePullPolicy: pullPolicy,
        resources: { requests, limits },
        ...(env.length > 0 && { env }),
        ...(volumes.length > 0 && { volumeMounts: volumes.map(({ mount }) => mount) }),
      },
    ] as const,
    ...(volumes.length > 0 && { volumes: volumes.map(({ volume }) => volume) }),
    ...(tolerations.length > 0 && { tolerations }),
    ...(affinity !== undefined && { affinity }),
  };
}

/** Each volume once, however many places it stands at; numbered, since a claim's name may be longer than a volume's. */
function volumesOf({
  volumes,
  sources,
  shm,
}: NotebookWish): readonly { readonly volume: Json; readonly mount: Json }[] {
  const claims = volumes.map(({ field, claim, path, readOnly }, index) => {
    const name = field === "volumes" ? `data-${index}` : "workspace";
    return {
      volume: { name, persistentVolumeClaim: { claimName: claim, ...(readOnly && { readOnly }) } },
      mount: { name, mountPath: path, ...(readOnly && { readOnly }) },
    };
  });
  const others = sources.map(({ path, source }, index) => {
    const name = `source-${index}`;
    return { volume: { name, ...source }, mount: { name, mountPath: path } };
  });
  const memory = { name: "dshm", emptyDir: { medium: "Memory" } };
  return [...claims, ...others, ...(shm ? [{ volume: memory, mount: { name: "dshm", mountPath: "/dev/shm" } }] : [])];
}

function strings(value: unknown): Record<string, string> {
  const entries = Object.entries(record(value)).flatMap(([key, one]) => (typeof one === "string" ? [[key, one]] : []));
  return Object.fromEntries(entries) as Record<string, string>;
}
