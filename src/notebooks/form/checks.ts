// Everything that can be known of a notebook before it is made. Asks the cluster, and changes nothing.
import type { NotebookField } from "../../contract/notebookForm.ts";
import { errorText, isCancelled, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import {
  claimFinding,
  dryRunFinding,
  type Finding,
  gpuOf,
  growthOf,
  limitFindings,
  limitsOf,
  type MadePool,
  ok,
  podAmounts,
  problem,
  quotaFindings,
  referenceFindings,
  REQUEST,
  roomFinding,
  type RunGang,
  seen,
  type Seen,
  tolerationOf,
  untold,
  warning,
} from "../../jobs/index.ts";
import type { Answer } from "../../kube/access.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { Right } from "../../kube/rights.ts";
import { gangFit } from "../../kubeflow/gangFit.ts";
import { isGpuResource } from "../../kubeflow/gpuNames.ts";
import {
  CLAIM,
  LIMIT_RANGE,
  POD,
  RESOURCE_QUOTA,
  SERVICE,
  STATEFUL_SET,
  STORAGE_CLASS,
} from "../../kubeflow/kinds/resources.ts";
import type { RoomReader } from "../../kubeflow/nodeRoom.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import { dryRunNotebook, madeAs, otherwise } from "./create.ts";
import { type NotebookManifests, type NotebookWish, podOf } from "./manifest.ts";

/** A finding of the cluster's, at a field of the notebook's form. */
export interface NotebookFound extends Omit<Finding, "field"> {
  readonly field: NotebookField | "form";
}

export interface NotebookSite {
  readonly client: KubeClient;
  readonly context: string;
  readonly wish: NotebookWish;
  readonly manifests: NotebookManifests;
  /** Whether the person may do this in the notebook's namespace. */
  readonly may: (right: Right) => Promise<Answer>;
  readonly rooms: RoomReader;
  readonly anew: boolean;
  readonly gpuPool?: () => Promise<MadePool | undefined>;
  readonly signal: AbortSignal;
}

type Check = (site: NotebookSite) => Promise<readonly NotebookFound[]>;
const CHECKS: readonly Check[] = [
  checkRights,
  checkNames,
  checkDryRun,
  checkAmounts,
  checkStorage,
  checkReferences,
  checkImage,
];

/** Tells what is found as it comes. A cluster that does not answer is one finding more. Rejects where the signal aborts. */
export async function checkNotebook(site: NotebookSite, report: (finding: NotebookFound) => void): Promise<void> {
  let isTold = false;
  await Promise.all(
    CHECKS.map(async (check) => {
      try {
        for (const finding of await check(site)) if (!site.signal.aborted) report(finding);
      } catch (error) {
        if (isCancelled(error)) throw error;
        const why = label(errorText(error), 200);
        if (!isTold) report({ field: "form", level: "warning", text: `Not all was checked: ${why}` });
        isTold = true;
      }
    }),
  );
}

/** To make it, and to use it from here. What is unknown is taken as allowed: the server has the last word. */
async function checkRights({ may, wish, manifests }: NotebookSite): Promise<readonly NotebookFound[]> {
  const { group, plural: resource } = manifests.resource;
  const ask = async (rights: readonly Right[]): Promise<string> => {
    const answers = await Promise.all(rights.map(async (right) => ({ right, answer: await may(right) })));
    return answers
      .flatMap(({ right: { verb, resource: what, subresource }, answer }) =>
        answer === "no" ? [`${verb} ${what}${subresource === undefined ? "" : `/${subresource}`}`] : [],
      )
      .join(", ");
  };
  const create = { verb: "create", group: "" };
  const [make, use] = await Promise.all([
    ask([
      { verb: "create", group, resource },
      ...(manifests.claims.length > 0 ? [{ ...create, resource: "persistentvolumeclaims" }] : []),
    ]),
    ask([
      { verb: "list", group: "", resource: "pods" },
      { ...create, resource: "pods", subresource: "portforward" },
    ]),
  ]);
  if (make !== "")
    return [{ field: "form", level: "problem", text: `You may not ${make} in ${wish.namespace}.`, next: REQUEST }];
  return [
    use === ""
      ? form(ok("kind", `You may make notebooks in ${wish.namespace} and open them from here.`))
      : form(
          warning("kind", `You may not ${use} in ${wish.namespace}: it is opened through Kubeflow’s own dashboard.`),
        ),
  ];
}

/** Its StatefulSet and its Service have its name, and so may something else. */
async function checkNames({ client, wish, manifests, signal }: NotebookSite): Promise<readonly NotebookFound[]> {
  const { name, namespace } = wish;
  const taken = async (kind: typeof CLAIM, of: string): Promise<KubeObject | undefined> => {
    const found = await seen(client.get<KubeObject>(kind, of, namespace, signal));
    return found.kind === "found" ? found.value : undefined;
  };
  const kinds = [manifests.resource, STATEFUL_SET, SERVICE];
  const own = await Promise.all(kinds.map(async (kind) => ({ kind, found: await taken(kind, name) })));
  const first = own.find(({ found }) => found !== undefined);
  const words = (found: KubeObject, wished: KubeObject, kind: typeof CLAIM, text: string): readonly string[] => {
    // What an earlier press of the same form has made is used.
    const made = madeAs(found, wished);
    return made === "as wished" ? [] : [made === "otherwise" ? otherwise(kind, wished.metadata.name) : text];
  };
  const named =
    first?.found === undefined
      ? []
      : words(first.found, manifests.notebook, first.kind, `${namespace} already has a ${first.kind.kind} ${name}.`);
  const claims = await Promise.all(
    manifests.claims.map(async (wished) => {
      const claim = wished.metadata.name;
      const found = await taken(CLAIM, claim);
      if (found === undefined) return [];
      const field =
        wish.volumes.find((volume) => volume.claim === claim)?.field === "volumes" ? "volumes" : "workspaceName";
      const text = `${namespace} already has a volume claim ${claim}: take it as an existing one.`;
      return words(found, wished, CLAIM, text).map((one) => at(field, problem("volumes", one)));
    }),
  );
  return [...named.map((one) => at("name", problem("kind", one))), ...claims.flat()];
}

/** Of the objects, and of the pod as the controller will ask for it: quotas, Pod Security and policies speak of pods. */
async function checkDryRun(site: NotebookSite): Promise<readonly NotebookFound[]> {
  const { client, context, wish, manifests, may, signal } = site;
  const mayPods = (await may({ verb: "create", group: "", resource: "pods" })) !== "no";
  try {
    await dryRunNotebook({ client, context }, manifests, mayPods ? [[POD, podOf(wish)]] : [], signal);
  } catch (error) {
    if (isCancelled(error) || !(error instanceof UserError)) throw error;
    const finding = dryRunFinding(error);
    return [{ ...finding, field: fieldOf(finding.field) }];
  }
  if (mayPods) return [form(ok("kind", "The cluster would take it and its pod, as a dry run says."))];
  return [
    form(ok("kind", "The cluster would take it, as a dry run says.")),
    form(untold("kind", "Whether its pod would be taken", `create pods in ${wish.namespace}`)),
  ];
}

/** Room on the nodes, and the namespace's quotas and limits. */
async function checkAmounts(site: NotebookSite): Promise<readonly NotebookFound[]> {
  const { client, wish, manifests, rooms, anew, signal } = site;
  const { namespace, requests, limits, tolerations, affinity } = wish;
  const listed = async (kind: typeof LIMIT_RANGE): Promise<Seen<readonly KubeObject[]>> =>
    seen(client.list<KubeObject>(kind, { namespace, limit: 50, signal }).then(({ items }) => items));
  const [ranges, quotas] = await Promise.all([listed(LIMIT_RANGE), listed(RESOURCE_QUOTA)]);
  const rules = ranges.kind === "found" ? ranges.value : [];
  const gang: RunGang = {
    ...podAmounts({ requests, limits }, rules.flatMap(limitsOf)),
    ...{ pods: 1, nodeSelector: {}, tolerations: tolerations.map(tolerationOf) },
  };
  const gpu = gpuOf(gang);
  const room = await rooms.read(client, gpu, namespace, signal, anew);
  const field = gpu === undefined ? "cpu" : "gpus";
  const found: NotebookFound[] = [];
  if (room === undefined) found.push(at(field, untold("cpu", "Whether there is room now", "list nodes")));
  else {
    const fit = gangFit(gang, room.nodes);
    const isNow = fit.when === "now" || fit.when === "later" || fit.when === "preempting";
    const growth = isNow ? undefined : await growthOf(site, gpu === undefined ? 0 : (gang.asks[gpu] ?? 0));
    // Notebooks are in no queue.
    found.push(at(field, roomFinding(gpu === undefined ? "nodes" : "gpus", fit, growth, room, undefined)));
  }
  if (affinity !== undefined)
    found.push(
      at("affinity", { ...ok("nodes", "Where its placement lets it go was not looked at."), level: "unknown" }),
    );
  found.push(
    ...rules
      .flatMap((one) => limitFindings(one.metadata.name, limitsOf(one), gang))
      .map((one) => at(fieldOf(one.field), one)),
  );
  if (quotas.kind !== "found")
    return [...found, form(untold("kind", "Whether the namespace’s quota has room", "list resourcequotas"))];
  const short = quotaFindings(quotas.value, wants(manifests, gang), gang, undefined);
  if (short.length === 0 && quotas.value.length > 0)
    found.push(form(ok("kind", "The namespace’s quota has room for it.")));
  return [...found, ...short.map(({ resource, ...one }) => at(storageField(resource) ?? fieldOf(one.field), one))];
}

/** What it takes of a quota, by the quota's own names (kubernetes pkg/quota/v1/evaluator/core). */
function wants({ claims, resource }: NotebookManifests, { asks, limits }: RunGang): ReadonlyMap<string, number> {
  const count = (names: readonly string[], amount: number) => names.map((name) => [name, amount] as const);
  return new Map([
    ...count([`count/${resource.plural}.${resource.group}`, "count/statefulsets.apps"], 1),
    ...count(["pods", "count/pods", "services", "count/services"], 1),
    ...count(["persistentvolumeclaims", "count/persistentvolumeclaims"], claims.length),
    ...Object.entries(asks).flatMap(([name, amount]) =>
      count([`requests.${name}`, ...(isGpuResource(name) ? [] : [name])], amount),
    ),
    ...Object.entries(limits).flatMap(([name, amount]) =>
      isGpuResource(name) ? [] : count([`limits.${name}`], amount),
    ),
  ]);
}

function storageField(resource: string): NotebookField | undefined {
  return /persistentvolumeclaims|storage/.test(resource) ? "workspace" : undefined;
}

async function checkStorage({ client, wish, signal }: NotebookSite): Promise<readonly NotebookFound[]> {
  if (wish.volumes.length === 0) return [];
  const { namespace } = wish;
  const [classes, pods] = await Promise.all([
    seen(client.list<KubeObject>(STORAGE_CLASS, { limit: 200, signal }).then(({ items }) => items)),
    seen(client.list<KubeObject>(POD, { namespace, limit: 500, signal }).then(({ items }) => items)),
  ]);
  const all = classes.kind === "found" ? classes.value : undefined;
  const found = await Promise.all(
    wish.volumes.map(async ({ field, claim, make, readOnly }): Promise<readonly NotebookFound[]> => {
      const isWorkspace = field === "workspace";
      if (make !== undefined)
        return classFindings(claim, text(make.spec["storageClassName"]), all).map((one) =>
          at(isWorkspace ? "workspaceClass" : "volumes", one),
        );
      const object = await seen(client.get<KubeObject>(CLAIM, claim, namespace, signal));
      const own = isWorkspace ? "workspaceClaim" : "volumes";
      const users = pods.kind === "found" && object.kind === "found" ? usersOf(object.value, pods.value) : [];
      const state = claimFinding({ field: "volumes", claim, readOnly }, object, 1, all);
      return [state, ...(state.level === "problem" ? [] : users)].map((one) => at(own, one));
    }),
  );
  return found.flat();
}

/** Pure. `classes` is undefined where they may not be listed. */
function classFindings(
  claim: string,
  wanted: string | undefined,
  classes: readonly KubeObject[] | undefined,
): readonly Finding[] {
  if (classes === undefined)
    return [untold("volumes", `Whether the volume ${claim} can be made`, "list storageclasses")];
  const isDefault = ({ metadata: { annotations } }: KubeObject): boolean =>
    annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  const found = classes.find((one) => (wanted === undefined ? isDefault(one) : one.metadata.name === wanted));
  if (found !== undefined)
    return [ok("volumes", `The volume ${claim} is of the class ${label(found.metadata.name, 63)}.`)];
  if (wanted !== undefined)
    return [
      problem("volumes", `The cluster has no StorageClass ${label(wanted, 63)}: the notebook would wait for ever.`),
    ];
  return [
    warning("volumes", `The cluster has no default StorageClass: ${claim} waits until somebody makes a volume for it.`),
  ];
}

/** Pods that have the claim now, where it is for one of them, or for one node. */
function usersOf(claim: KubeObject, pods: readonly KubeObject[]): readonly Finding[] {
  const modes = record(record(claim)["spec"])["accessModes"];
  const has = (mode: string): boolean => Array.isArray(modes) && modes.includes(mode);
  if (has("ReadWriteMany")) return [];
  const { name } = claim.metadata;
  const user = pods.find((pod) => {
    const { phase } = record(record(pod)["status"]);
    const volumes = list(record(record(pod)["spec"])["volumes"]);
    const isOver = phase === "Succeeded" || phase === "Failed";
    return !isOver && volumes.some((one) => record(one["persistentVolumeClaim"])["claimName"] === name);
  });
  if (user === undefined) return [];
  const pod = label(user.metadata.name, 63);
  if (has("ReadWriteOncePod"))
    return [problem("volumes", `The pod ${pod} has ${name}, which is for one pod at a time.`)];
  const node = label(text(record(record(user)["spec"])["nodeName"]) ?? "", 63);
  const where = node === "" ? "on the same node" : `on ${node}`;
  return [
    warning(
      "volumes",
      `The pod ${pod} has ${name}, which is for one node at a time: the notebook must start ${where}.`,
    ),
  ];
}

/** Its service account, and the Secrets of its variables: without them its pod never starts. */
async function checkReferences({ client, wish, signal }: NotebookSite): Promise<readonly NotebookFound[]> {
  const { serviceAccount, env, namespace } = wish;
  const secrets = env.flatMap((one) => {
    const { name, key } = record("valueFrom" in one ? one.valueFrom["secretKeyRef"] : undefined);
    return typeof name === "string" && typeof key === "string" ? [{ name: one.name, secret: name, key }] : [];
  });
  const found = await referenceFindings(
    client,
    namespace,
    { secrets, ...(serviceAccount !== "" && { serviceAccount }) },
    signal,
  );
  return found.map((one) => at(fieldOf(one.field), one));
}

function checkImage({ wish: { image } }: NotebookSite): Promise<readonly NotebookFound[]> {
  const isNamed = /[:@][^/]+$/.test(image);
  const words = "The image has no tag: it is the newest one of each start, and another may come unasked.";
  return Promise.resolve(isNamed ? [] : [at("image", warning("image", words))]);
}

const SAME: Partial<Record<Finding["field"], NotebookField>> = {
  ...{ cpu: "cpu", memory: "memory", gpus: "gpus", image: "image", env: "env", secrets: "env", volumes: "volumes" },
  ...{ tolerations: "tolerations", serviceAccount: "serviceAccount", nodeSelector: "affinity" },
};

/** The field of this form where one of a job's would be. */
function fieldOf(field: Finding["field"]): NotebookField | "form" {
  return SAME[field] ?? "form";
}

function at(field: NotebookField | "form", finding: Finding): NotebookFound {
  return { ...finding, field };
}

function form(finding: Finding): NotebookFound {
  return at("form", finding);
}
