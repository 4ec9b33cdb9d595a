// What the cluster shows of Kubeflow Pipelines besides upstream's own objects.
import fs from "node:fs";
import path from "node:path";
import type { KubeObject } from "../api.ts";
import { ARGO_NAMESPACE, NODE_ADDRESS } from "../layout.ts";
import { IMAGES, PIPELINES } from "../versions.ts";

/** One installation: namespace and ports of its API server, and whose Workflows its agent watches. */
export interface Installation {
  readonly namespace: string;
  readonly multiUser: boolean;
  readonly http: number;
  readonly rpc: number;
  readonly database: string;
  /** As upstream, one person's runs are made beside the API server. The agent of the many sees one namespace only, because it would remove the runs of the other installation. */
  readonly runs: string;
}

export const INSTALLATIONS: readonly Installation[] = [
  { namespace: "kubeflow", multiUser: false, http: 8888, rpc: 8887, database: "mlpipeline", runs: "kubeflow" },
  { namespace: "kubeflow-multi-user", multiUser: true, http: 8898, rpc: 8897, database: "multiuser", runs: "team-a" },
];

/** Where Argo itself carries out the runs; the extra `argo` starts it. */
export const ARGO: Installation = {
  ...{ namespace: ARGO_NAMESPACE, multiUser: false, http: 8908, rpc: 8907, database: "argo", runs: ARGO_NAMESPACE },
};

// Read at once: later the sandbox's own folders cover the machine's, and perhaps this one.
const RELAY = fs.readFileSync(path.join(import.meta.dirname, "relay.py"), "utf8");

const RBAC = "rbac.authorization.k8s.io";

export function pipelineNamespaces(): KubeObject[] {
  return INSTALLATIONS.map(({ namespace }) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }));
}

export function pipelineObjects(): KubeObject[] {
  return [...INSTALLATIONS.map(relay), ...publicVersion(), ...profileAccount("team-a")];
}

/**
 * The Deployment of upstream's name and labels, with a stand-in for its program: a relay to the API server, which runs
 * beside the cluster. So there is a ready pod behind the Service, which answers on the ports that upstream's has.
 */
export function relay({ namespace, http, rpc }: Installation): KubeObject {
  const labels = { app: "ml-pipeline" };
  const container = {
    name: "ml-pipeline-api-server",
    image: IMAGES.python,
    command: ["python3", "-c", RELAY, NODE_ADDRESS, `8888:${http}`, `8887:${rpc}`],
    ports: [
      { name: "http", containerPort: 8888 },
      { name: "grpc", containerPort: 8887 },
    ],
    readinessProbe: { httpGet: { path: "/apis/v2beta1/healthz", port: 8888 }, periodSeconds: 1, failureThreshold: 30 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "ml-pipeline", namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { serviceAccountName: "ml-pipeline", terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  };
}

/** A stand-in: upstream has this ConfigMap, which every user may read, from 2.16 on, and ours is older. */
function publicVersion(): KubeObject[] {
  const metadata = { name: "kubeflow-pipelines-public", namespace: "kubeflow" };
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { kubeflow_pipelines_version: PIPELINES.release } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: [metadata.name], verbs: ["get"] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "Role", name: metadata.name },
      subjects: [{ apiGroup: RBAC, kind: "Group", name: "system:authenticated" }],
    },
  ];
}

/** What the profile controller gives a user's namespace, as far as pipelines need it. */
function profileAccount(namespace: string): KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default-editor", namespace } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: "default-editor-pipelines", namespace },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "kubeflow-pipelines-edit" },
      subjects: [{ kind: "ServiceAccount", name: "default-editor", namespace }],
    },
  ];
}
