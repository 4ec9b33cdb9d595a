// Objects of Kubeflow Notebooks 1.11 as far as the sandbox has them, written from the documented fields (the module of
// the notebook controller cannot be had): the kinds Notebook and Profile, the roles, and the account of our stand-in
// for the controller. Nothing reconciles Profiles.
import type { KubeObject } from "../api.ts";

export const NOTEBOOK_ACCOUNT = { namespace: "kubeflow", name: "notebook-controller-service-account" };

const RBAC = "rbac.authorization.k8s.io";
const AGGREGATE = "rbac.authorization.kubeflow.org/aggregate-to-kubeflow";
const ANYTHING = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const TEXT = { type: "string" };
const TIME = { type: "string", format: "date-time" };

export function notebookObjects(): KubeObject[] {
  return [
    definition("Notebook", "Namespaced", ["v1", "v1beta1", "v1alpha1"], notebookSchema()),
    definition("Profile", "Cluster", ["v1", "v1beta1"], profileSchema()),
    ...userRoles(),
    ...controllerRole(),
  ];
}

/** The first version is the one that is stored; the others are served as it is, without conversion. */
function definition(kind: string, scope: string, versions: readonly string[], schema: object): KubeObject {
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.kubeflow.org` },
    spec: {
      group: "kubeflow.org",
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
      scope,
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        subresources: { status: {} },
        schema: { openAPIV3Schema: schema },
      })),
    },
  };
}

/** A PodSpec with at least one container that has a name and an image. Upstream spells the PodSpec out. */
function notebookSchema(): object {
  const container = { ...ANYTHING, required: ["name", "image"], properties: { name: TEXT, image: TEXT } };
  const podSpec = {
    ...ANYTHING,
    required: ["containers"],
    properties: { containers: { type: "array", minItems: 1, items: container } },
  };
  const spec = object({ template: object({ spec: podSpec }) });
  const status = {
    ...object({
      conditions: { type: "array", items: condition({ lastProbeTime: TIME, lastTransitionTime: TIME }) },
      readyReplicas: { type: "integer", format: "int32" },
      containerState: ANYTHING,
    }),
    required: ["conditions", "containerState", "readyReplicas"],
  };
  return object({ apiVersion: TEXT, kind: TEXT, metadata: { type: "object" }, spec, status });
}

function profileSchema(): object {
  const owner = {
    ...object({ apiGroup: TEXT, kind: TEXT, name: TEXT, namespace: TEXT }),
    required: ["kind", "name"],
  };
  const plugin = object({ apiVersion: TEXT, kind: TEXT, spec: ANYTHING });
  const spec = object({ owner, plugins: { type: "array", items: plugin }, resourceQuotaSpec: ANYTHING });
  const status = object({ conditions: { type: "array", items: condition({}) } });
  return object({ apiVersion: TEXT, kind: TEXT, metadata: { type: "object" }, spec, status });
}

function condition(more: object): object {
  return object({ type: TEXT, status: TEXT, reason: TEXT, message: TEXT, ...more });
}

function object(properties: object): object {
  return { type: "object", properties };
}

/** What a platform aggregates into kubeflow-edit and kubeflow-view (kubeflow.md B3, B5). */
function userRoles(): KubeObject[] {
  const look = ["get", "list", "watch"];
  const change = ["create", "delete", "deletecollection", "patch", "update"];
  const role = (name: string, verbs: readonly string[]): KubeObject => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name: `kubeflow-notebooks-${name}`, labels: { [`${AGGREGATE}-${name}`]: "true" } },
    rules: [{ apiGroups: ["kubeflow.org"], resources: ["notebooks", "notebooks/status"], verbs }],
  });
  return [role("edit", [...look, ...change]), role("view", look)];
}

/** What the stand-in may do, as the real controller may. */
function controllerRole(): KubeObject[] {
  const name = "notebook-controller-role";
  const rule = (group: string, resources: readonly string[], verbs = ["*"]) => ({
    apiGroups: [group],
    resources,
    verbs,
  });
  const rules = [
    rule("", ["pods"], ["get", "list", "watch"]),
    rule("", ["services"]),
    rule("apps", ["statefulsets"]),
    rule("kubeflow.org", ["notebooks", "notebooks/status", "notebooks/finalizers"]),
  ];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: NOTEBOOK_ACCOUNT },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "notebook-controller-role-binding" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", ...NOTEBOOK_ACCOUNT }],
    },
  ];
}
