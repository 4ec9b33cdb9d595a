// What is looked at before anything is applied. Nothing here writes.
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import type { Check } from "../contract/preview.ts";
import { type AccessAttributes, canI } from "../kube/access.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { list, record, text } from "../kubeflow/read.ts";
import { type ApplyTools, lookUp } from "./apply.ts";
import { Limited } from "./limited.ts";
import { groupOf, keyOf, type Manifest, type Ref, refOf } from "./objects.ts";
import { isOurs, otherManagers } from "./ownership.ts";
import type { InstallRecord } from "./record.ts";
import { type Component, pathsOf, type Platform, type Release } from "./release.ts";

/** A component with what was rendered of it. */
export interface Rendered {
  readonly component: Component;
  readonly objects: readonly Manifest[];
}

/** What is in the cluster already of a component's objects. */
export interface Existing {
  /** Keys of objects that others have made. */
  readonly foreign: readonly string[];
  /** Who made them. */
  readonly managers: readonly string[];
  /** Objects that are not there. */
  readonly missing: number;
  /** Namespaces among its objects that are being deleted. */
  readonly terminating: readonly string[];
}

const AT_ONCE = 8;

/** The release's Kubernetes versions against the cluster's. Rejects with ConnectError or CancelledError. */
export async function versionCheck(client: KubeClient, release: Release, signal?: AbortSignal): Promise<Check> {
  const answer = record(await client.json<unknown>({ method: "GET", path: "/version", signal }));
  const minor = Number(/^\d{1,4}/.exec(text(answer["minor"]) ?? "")?.[0]);
  const { oldest, newest } = release.kubernetes;
  const what = `Kubernetes ${label(text(answer["gitVersion"]) ?? "of an unknown version", 40)}`;
  const range = `Kubeflow ${release.id} is made for 1.${oldest} to 1.${newest}`;
  const found = { id: "version", label: "Kubernetes" };
  if (answer["major"] === "1" && minor >= oldest && minor <= newest)
    return { ...found, state: "ok", detail: `${what}; ${range}.` };
  if (answer["major"] === "1" && minor < oldest)
    return {
      ...found,
      state: "failed",
      detail: `${what} is too old: ${range}. Upgrade the cluster, or choose an older release.`,
    };
  return { ...found, state: "warning", detail: `${what}: ${range}; nobody has tried it with this one.` };
}

/** A right that is missing: verb and kind. */
export interface MissingRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
}

/** Rights to make every kind of object, as far as the cluster tells: one question where everything is allowed. */
export async function missingRights(
  tools: Pick<ApplyTools, "client" | "kinds">,
  rendered: readonly Rendered[],
  signal?: AbortSignal,
): Promise<readonly MissingRight[]> {
  const all: AccessAttributes = { verb: "*", group: "*", resource: "*" };
  if ((await canI(tools.client, all, signal)) === "yes") return [];
  const wanted = new Map<string, MissingRight>();
  for (const object of rendered.flatMap(({ objects }) => objects)) {
    const kind = await tools.kinds.find(object);
    // Of a definition that is not there yet.
    const resource = kind?.plural ?? `${object.kind.toLowerCase()}s`;
    const namespace = kind?.namespaced === false ? "" : (object.metadata.namespace ?? "");
    for (const verb of ["create", "patch"]) {
      const right = { verb, group: groupOf(object.apiVersion), resource, namespace };
      wanted.set(JSON.stringify(right), right);
    }
  }
  const answers = await new Limited(AT_ONCE).all(wanted.values(), async (right) => {
    const { namespace, ...attributes } = right;
    const scope = namespace === "" ? {} : { namespace };
    return { right, answer: await canI(tools.client, { ...attributes, ...scope }, signal) };
  });
  return answers.filter(({ answer }) => answer === "no").map(({ right }) => right);
}

export function rightsCheck(missing: readonly MissingRight[]): Check {
  const found = { id: "rights", label: "Permissions" };
  if (missing.length === 0) return { ...found, state: "ok", detail: "You may make everything that belongs to it." };
  const kinds = [...new Set(missing.map(({ resource }) => resource))];
  const shown = kinds.slice(0, 4).join(", ");
  const more = kinds.length > 4 ? ` and ${plural(kinds.length - 4, "other kind")}` : "";
  const detail = `You may not make ${shown}${more} in this cluster. Send your administrator the request.`;
  return { ...found, state: "failed", detail, fix: "Copy Request for Your Admin" };
}

/** Looks every object up, by its metadata alone. */
export async function existing(
  tools: Pick<ApplyTools, "client" | "kinds">,
  objects: readonly Manifest[],
  signal?: AbortSignal,
): Promise<Existing> {
  const found = await new Limited(AT_ONCE).all(objects.map(refOf), async (ref) => ({
    ref,
    object: await seen(tools, ref, signal),
  }));
  const there = found.filter(({ object }) => object !== undefined);
  const foreign = there.filter(({ object }) => !isOurs(object));
  const managers = foreign
    .filter(({ ref }) => ref.kind !== "Namespace")
    .flatMap(({ object }) => otherManagers(object).slice(0, 1));
  const isLeaving = (object: unknown): boolean => record(record(object)["metadata"])["deletionTimestamp"] !== undefined;
  return {
    foreign: foreign.map(({ ref }) => keyOf(ref)),
    managers: [...new Set(managers)],
    missing: found.length - there.length,
    terminating: there
      .filter(({ ref, object }) => ref.kind === "Namespace" && isLeaving(object))
      .map(({ ref }) => ref.name),
  };
}

async function seen(tools: Pick<ApplyTools, "client" | "kinds">, ref: Ref, signal?: AbortSignal): Promise<unknown> {
  try {
    return await lookUp(tools, ref, signal);
  } catch (error) {
    // What may not be read is made out by the rights; the apply would be refused as well.
    if (isApiError(error, "Forbidden")) return undefined;
    throw error;
  }
}

/** One line for each component that somebody else has installed, and for namespaces that are on their way out. */
export function existingChecks(component: Component, found: Existing, adopt: boolean): readonly Check[] {
  const checks: Check[] = found.terminating.map((name) => ({
    id: `terminating-${name}`,
    label: `Namespace ${name}`,
    state: "warning",
    detail: `It is being deleted: the install waits until it has gone.`,
  }));
  const others = found.foreign.filter((key) => !key.startsWith("|Namespace|"));
  if (others.length === 0) return checks;
  const by = found.managers.length === 0 ? "somebody else" : found.managers.map((name) => `«${name}»`).join(", ");
  const detail = `${plural(others.length, "object")} of it ${others.length === 1 ? "is" : "are"} there already, made by ${by}.`;
  const line = { id: `existing-${component.id}`, label: component.title };
  if (adopt)
    return [
      ...checks,
      { ...line, state: "warning", detail: `${detail} They are taken over, and stay when Kubeflow is uninstalled.` },
    ];
  return [
    ...checks,
    { ...line, state: "failed", detail: `${detail} Leave it out, or take it over.`, fix: "Take Over" },
  ];
}

/** What is there already, and brings the same objects in another form. */
export function excludedChecks(rendered: readonly Rendered[], before: InstallRecord | undefined): readonly Check[] {
  return rendered.flatMap(({ component: { id, title, excludes = [] } }) => {
    const there = excludes.find((other) => before?.components[other] !== undefined);
    if (there === undefined) return [];
    const other = before?.components[there]?.title ?? there;
    const detail = `${label(other, 60)} is installed, and both bring the same objects. Uninstall it first, or leave this out.`;
    return [{ id: `excluded-${id}`, label: title, state: "failed", detail }];
  });
}

const PROFILE_NAMESPACE = { apiVersion: "v1", kind: "Namespace", namespace: "" };

/** A namespace that is there and belongs to no profile is somebody's: Kubeflow would not take it over, and nor do we. */
export async function profileChecks(
  tools: Pick<ApplyTools, "client" | "kinds">,
  rendered: readonly Rendered[],
  signal?: AbortSignal,
): Promise<readonly Check[]> {
  const profiles = rendered.flatMap(({ objects }) => objects).filter(({ kind }) => kind === "Profile");
  const found = await new Limited(AT_ONCE).all(profiles, async (profile): Promise<readonly Check[]> => {
    const { name } = profile.metadata;
    const [space, own] = await Promise.all([
      seen(tools, { ...PROFILE_NAMESPACE, name }, signal),
      seen(tools, refOf(profile), signal),
    ]);
    if (space === undefined || own !== undefined) return [];
    const detail =
      "It is there already and belongs to no profile. Choose another address for that person, or remove it.";
    return [{ id: `profile-${name}`, label: `Namespace ${label(name, 63)}`, state: "failed", detail }];
  });
  return found.flat();
}

/** Programs that refuse what does not fit their rules; by the groups that the cluster serves. */
const POLICY_ENGINES: ReadonlyMap<string, string> = new Map([
  ["kyverno.io", "Kyverno"],
  ["templates.gatekeeper.sh", "Gatekeeper"],
]);

export async function policyChecks(client: KubeClient, signal?: AbortSignal): Promise<readonly Check[]> {
  const answer = record(await client.json<unknown>({ method: "GET", path: "/apis", signal }));
  const found = list(answer["groups"]).flatMap(({ name }) => POLICY_ENGINES.get(text(name) ?? "") ?? []);
  return found.map((name) => ({
    id: `policy-${name.toLowerCase()}`,
    label: name,
    state: "warning",
    detail: `${name} watches over this cluster: its rules may refuse parts of Kubeflow, which the timeline then names.`,
  }));
}

/** A request that a person can send to whoever runs the cluster: what is to be installed, and how. */
export function adminText(
  where: { readonly context: string; readonly user: string | undefined },
  release: Release,
  rendered: readonly Rendered[],
  platform: Platform,
  commit: string,
): string {
  const { repository, ref } = release.source;
  const at = commit === "" ? ref : commit;
  const base = `https://github.com/${repository}`;
  const commands = rendered.flatMap(({ component }) => [
    `# ${component.title} ${component.version}`,
    ...pathsOf(component, platform).map((place) =>
      place.endsWith(".yaml")
        ? `kubectl apply --server-side -f "https://raw.githubusercontent.com/${repository}/${at}/${place}"`
        : `kubectl apply --server-side -k "${base}/${place}?ref=${at}"`,
    ),
  ]);
  return [
    `Please install these parts of Kubeflow ${release.id} in the cluster of the context ${label(where.context, 200)}.`,
    ...(where.user === undefined ? [] : [`I am known to it as ${label(where.user, 200)}, and may not do it myself.`]),
    "",
    ...rendered.map(
      ({ component, objects }) => `- ${component.title} ${component.version}: ${plural(objects.length, "object")}`,
    ),
    ...(rendered.some(({ component }) => component.people === true)
      ? [
          "",
          "As it comes, everybody knows the password of its one account: give it another before anybody can reach it.",
        ]
      : []),
    "",
    "In this order, each once the one before is ready; a command that meets a webhook that is not up yet is run again:",
    "",
    ...commands.map((line) => `    ${line}`),
  ].join("\n");
}

/** Throws UserError `checks-failed` with the first line that forbids the install. */
export function mustPass(checks: readonly Check[]): void {
  const failed = checks.find(({ state }) => state === "failed");
  if (failed === undefined) return;
  throw new UserError("checks-failed", `Nothing was installed. ${failed.label}: ${failed.detail}`);
}
