export interface AdminRequestInput {
  /** As the cluster knows the person (SelfSubjectReview); undefined where it could not be asked. */
  readonly user: string | undefined;
  readonly context: string;
  readonly namespace: string;
  /** Server URL, so that the reader knows which cluster is meant. */
  readonly server?: string;
  /** What is missing; both where it is not known. */
  readonly needs?: "operator" | "rights" | "both" | "pipelines";
  /** With `pipelines`: the profile whose token is asked for; left out where the server asks for none. */
  readonly profile?: string;
}

type Rights = readonly {
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}[];

/** kubeflow/training-operator v1.9.4, manifests/overlays/standalone (namespace kubeflow). */
export const TRAINING_OPERATOR_VERSION = "v1.9.4";

/** What Trainyard asks of a namespace, and for what. Nothing in it reads Secrets. */
export const NEEDED_RIGHTS = [
  {
    groups: ["kubeflow.org"],
    resources: ["pytorchjobs"],
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
  },
  { groups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch", "delete"] },
  { groups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
  { groups: [""], resources: ["pods/log"], verbs: ["get"] },
  { groups: [""], resources: ["events"], verbs: ["get", "list", "watch"] },
  { groups: [""], resources: ["resourcequotas", "limitranges"], verbs: ["get", "list"] },
] as const;

/** What it takes to reach the pipelines' server, in its namespace; and for a token, in a profile's. */
const PIPELINES_RIGHTS = [
  { groups: [""], resources: ["services"], verbs: ["get"] },
  { groups: [""], resources: ["pods"], verbs: ["get", "list"] },
  { groups: [""], resources: ["pods/portforward"], verbs: ["get", "create"] },
] as const;
const TOKEN_RIGHTS = [{ groups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] }] as const;

/**
 * A message to a cluster's administrator, with the exact commands. Plain text with two shell blocks; every value in
 * it was made safe for where it stands, since names come from a kubeconfig and from the cluster.
 */
export function adminRequest(input: AdminRequestInput): string {
  const { needs = "both" } = input;
  const context = oneLine(input.context);
  const cluster = input.server === undefined ? context : `${context} (${oneLine(input.server)})`;
  const title = `Request for the administrator of the cluster ${cluster}`;
  if (needs === "pipelines") {
    const wish = `I would like to look at the runs of Kubeflow Pipelines in ${oneLine(input.namespace)} with Trainyard for Kubeflow.`;
    const { user, profile } = input;
    const token = profile === undefined ? [] : [rightsPart({ user, context, namespace: profile }, TOKEN_RIGHTS)];
    return `${[title, wish, rightsPart(input, PIPELINES_RIGHTS), ...token].join("\n\n")}\n`;
  }
  const parts = [
    title,
    `I would like to run PyTorch training jobs in the namespace ${oneLine(input.namespace)} with Trainyard for Kubeflow.`,
  ];
  if (needs !== "rights") parts.push(operatorPart(needs === "both"), "");
  if (needs !== "operator") parts.push(rightsPart(input));
  return `${parts
    .join("\n\n")
    .trimEnd()
    .replace(/\n{3,}/g, "\n\n")}\n`;
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

function rightsPart(input: AdminRequestInput, rights?: Rights): string {
  const name = `trainyard${rights === undefined ? "" : rights === TOKEN_RIGHTS ? "-token" : "-pipelines"}`;
  const yaml = rightsYaml(input, rights, name)
    .split("\n")
    .map((line) => `    ${line}`.trimEnd());
  return [
    `The rights that are needed in the namespace ${oneLine(input.namespace)} (none of them reads Secrets); save as ${name}-rights.yaml:`,
    "",
    ...yaml,
    "",
    `    kubectl apply -f ${name}-rights.yaml`,
    ...(rights === undefined
      ? ["", "Where Kubeflow profiles are in use, the role kubeflow-edit holds the same and more."]
      : []),
  ].join("\n");
}

/** Role and RoleBinding. Strings are written as JSON, which YAML reads as they are. */
export function rightsYaml(
  input: Pick<AdminRequestInput, "user" | "namespace">,
  rights: Rights = NEEDED_RIGHTS,
  role = "trainyard",
): string {
  const quote = (value: string): string => JSON.stringify(oneLine(value));
  const list = (values: readonly string[]): string => `[${values.map(quote).join(", ")}]`;
  const rules = rights.flatMap((rule) => [
    `  - apiGroups: ${list(rule.groups)}`,
    `    resources: ${list(rule.resources)}`,
    `    verbs: ${list(rule.verbs)}`,
  ]);
  return [
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: Role",
    "metadata:",
    `  name: ${role}`,
    `  namespace: ${quote(input.namespace)}`,
    "rules:",
    ...rules,
    "---",
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: RoleBinding",
    "metadata:",
    `  name: ${quote(bindingName(role, input.user))}`,
    `  namespace: ${quote(input.namespace)}`,
    "roleRef:",
    "  apiGroup: rbac.authorization.k8s.io",
    "  kind: Role",
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
