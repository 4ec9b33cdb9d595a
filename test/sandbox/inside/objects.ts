// Objects that every sandbox has: the teams' namespaces, two users who may do little, and the addresses at
// which the cluster finds the programs that run beside it instead of in pods.
import type { KubeObject } from "../api.ts";
import { DNS_ADDRESS, NODE_ADDRESS } from "../layout.ts";

const LOOK = ["get", "list", "watch"];
const RUN = [...LOOK, "create", "patch", "delete"];

export function namespaces(): KubeObject[] {
  return ["team-a", "team-b"].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
}

/** `narrow` runs jobs and notebooks in team-a and can do nothing else; `reader` looks at them. Neither may list namespaces. */
export function userRoles(): KubeObject[] {
  return [
    ...roleFor("narrow", [
      { apiGroups: ["kubeflow.org"], resources: ["pytorchjobs", "notebooks"], verbs: RUN },
      { apiGroups: ["trainer.kubeflow.org"], resources: ["trainjobs"], verbs: RUN },
      { apiGroups: ["trainer.kubeflow.org"], resources: ["trainingruntimes"], verbs: LOOK },
      { apiGroups: [""], resources: ["pods"], verbs: LOOK },
      { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "get", "patch", "delete"] },
    ]),
    ...roleFor("reader", [
      { apiGroups: ["kubeflow.org"], resources: ["pytorchjobs", "notebooks"], verbs: LOOK },
      { apiGroups: ["trainer.kubeflow.org"], resources: ["trainjobs", "trainingruntimes"], verbs: LOOK },
      { apiGroups: [""], resources: ["pods"], verbs: LOOK },
    ]),
  ];
}

function roleFor(user: string, rules: object[]): KubeObject[] {
  const metadata = { name: `sandbox-${user}`, namespace: "team-a" };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const group = "rbac.authorization.k8s.io";
  return [
    { apiVersion, kind: "Role", metadata, rules },
    {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: metadata.name },
      subjects: [{ apiGroup: group, kind: "User", name: user }],
    },
  ];
}

export function clusterDns(): KubeObject[] {
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53, protocol: "TCP" },
  ];
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system" },
      spec: { clusterIP: DNS_ADDRESS, ports },
    },
    endpoints("kube-system", "kube-dns", ports),
  ];
}

/** Sends a Service without selector to the node's own address, where our processes listen. */
export function endpoints(
  namespace: string,
  service: string,
  ports: readonly { name: string; port: number; protocol: string }[],
): KubeObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${service}-process`, namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [NODE_ADDRESS], conditions: { ready: true } }],
  };
}
