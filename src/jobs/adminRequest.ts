import { WORKLOAD_RESOURCES, type WorkloadKind } from "../kubeflow/workloadKinds.ts";

/** What a request is for; `both`: the operator and the rights to train, where it is not known which is missing. */
export type AdminNeeds = "operator" | "rights" | "both" | "pipelines" | "notebooks" | "nodes" | WorkloadKind;

export interface AdminRequestInput {
  /** As the cluster knows the person (SelfSubjectReview); undefined where it could not be asked. */
  readonly user: string | undefined;
  readonly context: string;
  readonly namespace: string;
  /** Server URL, so that the reader knows which cluster is meant. */
  readonly server?: string;
  readonly needs?: AdminNeeds;
  /** With `pipelines`: the profile whose token is asked for; left out where the server asks for none. */
  readonly profile?: string;
}

interface Rule {
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A role of ours, and what it allows: in one namespace, or, `wide`, in the whole cluster. */
interface Rights {
  readonly role: string;
  readonly rules: readonly Rule[];
  readonly wide?: true;
}

const READ = ["get", "list", "watch"];
const OWN = [...READ, "create", "patch", "delete"];

/** kubeflow/training-operator v1.9.4, manifests/overlays/standalone (namespace kubeflow). */
export const TRAINING_OPERATOR_VERSION = "v1.9.4";

/** What Trainyard asks of a namespace, and for what. Nothing in it reads Secrets. */
export const NEEDED_RIGHTS = [
  {
    groups: ["kubeflow.org"],
    resources: ["pytorchjobs"],
    verbs: OWN,
  },
  { groups: ["trainer.kubeflow.org"], resources: ["trainjobs"], verbs: OWN },
  // Runtimes of the whole cluster may be read by everybody (trainer v2.3.0: manifests/overlays/kubeflow-platform).
  { groups: ["trainer.kubeflow.org"], resources: ["trainingruntimes"], verbs: ["get", "list"] },
  // What stands between a TrainJob and its pods says more of it than it does.
  { groups: ["jobset.x-k8s.io"], resources: ["jobsets"], verbs: READ },
  { groups: ["batch"], resources: ["jobs"], verbs: READ },
  { groups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch", "delete"] },
  { groups: [""], resources: ["pods"], verbs: READ },
  { groups: [""], resources: ["pods/log"], verbs: ["get"] },
  { groups: [""], resources: ["events"], verbs: READ },
  { groups: [""], resources: ["resourcequotas", "limitranges"], verbs: ["get", "list"] },
] as const;

const TRAINING: Rights = { role: "trainyard", rules: NEEDED_RIGHTS };
const NOTEBOOKS: Rights = {
  role: "trainyard-notebooks",
  rules: [
    { groups: ["kubeflow.org"], resources: ["notebooks"], verbs: OWN },
    { groups: [""], resources: ["persistentvolumeclaims"], verbs: ["get", "list", "create", "delete"] },
    { groups: [""], resources: ["pods", "events"], verbs: READ },
    { groups: [""], resources: ["pods/log"], verbs: ["get"] },
    { groups: [""], resources: ["pods/exec", "pods/portforward"], verbs: ["get", "create"] },
  ],
};
const WORKLOAD_WORDS: Readonly<Record<WorkloadKind, string>> = {
  experiments: "run Katib experiments",
  models: "serve models with KServe",
  rayJobs: "run Ray jobs",
};
function workloadRights(kind: WorkloadKind): Rights {
  const { group, plural } = WORKLOAD_RESOURCES[kind];
  const code = { groups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch", "delete"] };
  return {
    role: `trainyard-${plural}`,
    rules: [
      { groups: [group], resources: [plural], verbs: [...READ, "create", "delete"] },
      { groups: [""], resources: ["pods", "events"], verbs: READ },
      { groups: [""], resources: ["pods/log"], verbs: ["get"] },
      ...(kind === "experiments" ? [code] : []),
    ],
  };
}
/** Which nodes there are, and the pods that hold their GPUs, wherever they are. */
const NODES: Rights = {
  role: "trainyard-nodes",
  wide: true,
  rules: [{ groups: [""], resources: ["nodes", "pods"], verbs: READ }],
};
/** What it takes to reach the pipelines' server, in its namespace; and for a token, in a profile's. */
const PIPELINES: Rights = {
  role: "trainyard-pipelines",
  rules: [
    { groups: [""], resources: ["services"], verbs: ["get"] },
    { groups: [""], resources: ["pods"], verbs: ["get", "list"] },
    { groups: [""], resources: ["pods/portforward"], verbs: ["get", "create"] },
  ],
};
const TOKEN: Rights = {
  role: "trainyard-token",
  rules: [{ groups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] }],
};

/**
 * A message to a cluster's administrator, with the exact commands. Plain text with two shell blocks; every value in
 * it was made safe for where it stands, since names come from a kubeconfig and from the cluster.
 */
export function adminRequest(input: AdminRequestInput): string {
  const { needs = "both" } = input;
  const context = oneLine(input.context);
  const cluster = input.server === undefined ? context : `${context} (${oneLine(input.server)})`;
  const title = `Request for the administrator of the cluster ${cluster}`;
  return `${[title, ...request(needs, input)].join("\n\n")}\n`;
}

function request(needs: AdminNeeds, input: AdminRequestInput): readonly string[] {
  const { user, context, profile } = input;
  const namespace = oneLine(input.namespace);
  const like = (what: string): string => `I would like to ${what} with Trainyard for Kubeflow.`;
  const training = like(
    `run training jobs (PyTorchJob, and TrainJob of Kubeflow Trainer) in the namespace ${namespace}`,
  );
  switch (needs) {
    case "operator":
      return [training, operatorPart(false)];
    case "rights":
      return [training, rightsPart(input, TRAINING)];
    case "both":
      return [training, operatorPart(true), rightsPart(input, TRAINING)];
    case "notebooks":
      return [like(`use the notebooks of the namespace ${namespace}`), rightsPart(input, NOTEBOOKS)];
    case "experiments":
    case "models":
    case "rayJobs":
      return [like(`${WORKLOAD_WORDS[needs]} in the namespace ${namespace}`), rightsPart(input, workloadRights(needs))];
    case "nodes":
      return [like("see which GPUs are free, and who holds the others,"), rightsPart(input, NODES)];
    case "pipelines": {
      const token = profile === undefined ? [] : [rightsPart({ user, context, namespace: profile }, TOKEN)];
      return [like(`look at the runs of Kubeflow Pipelines in ${namespace}`), rightsPart(input, PIPELINES), ...token];
    }
  }
}

function operatorPart(isGuess: boolean): string {
  const source = `github.com/kubeflow/training-operator.git/manifests/overlays/standalone?ref=${TRAINING_OPERATOR_VERSION}`;
  return [
    isGuess
      ? `Where the cluster has no training operator yet (PyTorchJob, kubeflow.org/v1), this installs Kubeflow's Training Operator ${TRAINING_OPERATOR_VERSION}:`
      : `The cluster has no training operator (PyTorchJob, kubeflow.org/v1). To install Kubeflow's Training Operator ${TRAINING_OPERATOR_VERSION}:`,
    "",
    // Server-side: the definitions are larger than the annotation of a client-side apply may be.
    `    kubectl apply --server-side -k "${source}"`,
    "    kubectl -n kubeflow rollout status deployment/training-operator --timeout=300s",
  ].join("\n");
}

function rightsPart(input: AdminRequestInput, rights: Rights): string {
  const { role, wide } = rights;
  const yaml = rightsYaml(input, rights)
    .split("\n")
    .map((line) => `    ${line}`.trimEnd());
  const where = wide === true ? "in the whole cluster" : `in the namespace ${oneLine(input.namespace)}`;
  const isInProfile = ![NODES, PIPELINES, TOKEN].includes(rights) && role !== "trainyard-rayjobs";
  return [
    `The rights that are needed ${where} (none of them reads Secrets); save as ${role}-rights.yaml:`,
    "",
    ...yaml,
    "",
    `    kubectl apply -f ${role}-rights.yaml`,
    ...(isInProfile ? ["", "Where Kubeflow profiles are in use, the role kubeflow-edit holds the same and more."] : []),
  ].join("\n");
}

/** Role and RoleBinding, or those of the cluster. Strings are written as JSON, which YAML reads as they are. */
export function rightsYaml(
  input: Pick<AdminRequestInput, "user" | "namespace">,
  { role, rules, wide }: Rights = TRAINING,
): string {
  const quote = (value: string): string => JSON.stringify(oneLine(value));
  const list = (values: readonly string[]): string => `[${values.map(quote).join(", ")}]`;
  const kind = wide === true ? "ClusterRole" : "Role";
  const place = wide === true ? [] : [`  namespace: ${quote(input.namespace)}`];
  return [
    "apiVersion: rbac.authorization.k8s.io/v1",
    `kind: ${kind}`,
    "metadata:",
    `  name: ${role}`,
    ...place,
    "rules:",
    ...rules.flatMap((rule) => [
      `  - apiGroups: ${list(rule.groups)}`,
      `    resources: ${list(rule.resources)}`,
      `    verbs: ${list(rule.verbs)}`,
    ]),
    "---",
    "apiVersion: rbac.authorization.k8s.io/v1",
    `kind: ${kind}Binding`,
    "metadata:",
    `  name: ${quote(bindingName(role, input.user))}`,
    ...place,
    "roleRef:",
    "  apiGroup: rbac.authorization.k8s.io",
    `  kind: ${kind}`,
    `  name: ${role}`,
    "subjects:",
    "  - apiGroup: rbac.authorization.k8s.io",
    "    kind: User",
    `    name: ${quote(input.user ?? "REPLACE-WITH-MY-USER-NAME")}`,
  ].join("\n");
}

/** One binding for each person, so that the second request does not overwrite the first. */
function bindingName(role: string, user: string | undefined): string {
  const slug = (user ?? "user")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50)
    .replace(/-+$/, "");
  return slug === "" ? role : `${role}-${slug}`;
}

/** Control characters and changes of writing direction have no place in a text that is pasted into a shell. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, 300);
}
