// What the notebook controller of Kubeflow 1.11 makes of a Notebook, and what it says of it (kubeflow.md B3).
import * as v from "valibot";
import type { KubeObject } from "../api.ts";
import { Mirrored } from "./mirror.ts";

const Port = v.looseObject({ containerPort: v.number() });
const Container = v.looseObject({
  name: v.string(),
  env: v.optional(v.array(v.looseObject({ name: v.string() }))),
  ports: v.optional(v.array(Port)),
});
const PodSpec = v.looseObject({ containers: v.tupleWithRest([Container], Container) });

const ContainerState = v.looseObject({});
const Condition = v.looseObject({
  type: v.string(),
  lastProbeTime: v.nullish(v.string()),
  lastTransitionTime: v.nullish(v.string()),
});
const NotebookStatus = v.object({
  conditions: v.array(Condition),
  readyReplicas: v.number(),
  containerState: ContainerState,
});
export type NotebookStatus = v.InferOutput<typeof NotebookStatus>;

export const Notebook = v.looseObject({
  ...Mirrored.entries,
  spec: v.object({ template: v.object({ spec: PodSpec }) }),
  status: v.optional(NotebookStatus),
});
export type Notebook = v.InferOutput<typeof Notebook>;

export const StatefulSet = v.looseObject({
  ...Mirrored.entries,
  status: v.optional(v.looseObject({ readyReplicas: v.optional(v.number(), 0) }), {}),
});
export type StatefulSet = v.InferOutput<typeof StatefulSet>;

export const Pod = v.looseObject({
  ...Mirrored.entries,
  status: v.optional(
    v.looseObject({
      conditions: v.optional(v.array(Condition), []),
      containerStatuses: v.optional(
        v.array(v.looseObject({ name: v.string(), state: v.optional(ContainerState, {}) })),
        [],
      ),
    }),
    {},
  ),
});
export type Pod = v.InferOutput<typeof Pod>;

const STOPPED = "kubeflow-resource-stopped";
export const NAME_LABEL = "notebook-name";
const SERVING_PORT = 80;
const CONTAINER_PORT = 8888;
const FILE_GROUP = 100;

export function statefulSetOf(notebook: Notebook): KubeObject {
  const { name, labels, annotations } = notebook.metadata;
  const copied = Object.entries(annotations).filter(([key]) => !/kubectl|notebook/.test(key));
  const { containers, ...podSpec } = notebook.spec.template.spec;
  const [first, ...others] = containers;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { ...ownedBy(notebook) },
    spec: {
      replicas: STOPPED in annotations ? 0 : 1,
      selector: { matchLabels: { statefulset: name } },
      template: {
        metadata: {
          labels: { statefulset: name, [NAME_LABEL]: name, ...labels },
          annotations: Object.fromEntries(copied),
        },
        spec: {
          securityContext: { fsGroup: FILE_GROUP },
          ...podSpec,
          containers: [
            {
              workingDir: "/home/jovyan",
              ports: [{ containerPort: CONTAINER_PORT, name: "notebook-port", protocol: "TCP" }],
              ...first,
              env: withPrefix(notebook),
            },
            ...others,
          ],
        },
      },
    },
  };
}

/** One that sets NB_PREFIX itself keeps its own. */
function withPrefix({ metadata, spec }: Notebook): object[] {
  const { env = [] } = spec.template.spec.containers[0];
  if (env.some(({ name }) => name === "NB_PREFIX")) return env;
  return [...env, { name: "NB_PREFIX", value: `/notebook/${metadata.namespace}/${metadata.name}` }];
}

export function serviceOf(notebook: Notebook): KubeObject {
  const { name } = notebook.metadata;
  const [port] = notebook.spec.template.spec.containers[0].ports ?? [];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: ownedBy(notebook),
    spec: {
      type: "ClusterIP",
      selector: { statefulset: name },
      ports: [
        {
          name: `http-${name}`,
          port: SERVING_PORT,
          targetPort: port?.containerPort ?? CONTAINER_PORT,
          protocol: "TCP",
        },
      ],
    },
  };
}

/** What the Notebook makes has its name and place, and goes with it. */
function ownedBy({ metadata: { name, namespace, uid } }: Notebook) {
  const owner = { apiVersion: "kubeflow.org/v1", kind: "Notebook", name, uid };
  return { name, namespace, ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] };
}

/** @param now RFC 3339, for a condition that has no times of its own */
export function statusOf(
  notebook: Notebook,
  set: StatefulSet | undefined,
  pod: Pod | undefined,
  now: string,
): NotebookStatus {
  const own = pod?.status.containerStatuses.find(({ name }) => name === notebook.metadata.name);
  const known = notebook.status?.conditions ?? [];
  return {
    conditions: (pod?.status.conditions ?? []).map((condition) => {
      const before = known.find(({ type }) => type === condition.type);
      const { lastProbeTime, lastTransitionTime, ...rest } = condition;
      return {
        ...pick(rest),
        lastProbeTime: lastProbeTime ?? before?.lastProbeTime ?? now,
        lastTransitionTime: lastTransitionTime ?? before?.lastTransitionTime ?? now,
      };
    }),
    readyReplicas: set?.status.readyReplicas ?? 0,
    containerState: own?.state ?? {},
  };
}

/** Fields of a pod's condition that a Notebook's has, too. */
function pick(condition: Record<string, unknown> & { type: string }): { type: string } {
  const more = ["status", "reason", "message"].filter((field) => Boolean(condition[field]));
  return { type: condition.type, ...Object.fromEntries(more.map((field) => [field, condition[field]])) };
}
