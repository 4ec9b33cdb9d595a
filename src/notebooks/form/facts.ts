// What is known of the place where a notebook is to be made: read once, when its form is opened.
import type { NotebookChoices } from "../../contract/notebookForm.ts";
import { UserError } from "../../core/errors.ts";
import type { FormOption } from "../../core/formHost.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { claimWords } from "../../jobs/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { NOTEBOOK } from "../../kubeflow/kinds/notebook.ts";
import { CLAIM, POD_DEFAULT, SERVICE_ACCOUNT, STORAGE_CLASS } from "../../kubeflow/kinds/resources.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import { likeNotebook, type LikeNotebook } from "./like.ts";
import { firstForm, NEW_VOLUME_LINE } from "./form.ts";
import { imageLabel, readSpawner, type Spawner } from "./spawner.ts";

export interface NotebookFacts {
  /** In the version that the cluster serves. */
  readonly resource: ResourceKind;
  readonly spawner: Spawner;
  /** `default-editor` where the namespace has it (a profile's: profile-controller). */
  readonly account: string;
  readonly accounts: readonly string[];
  readonly notebooks: readonly string[];
  readonly claims: readonly KubeObject[];
  readonly classes: readonly string[];
  /** By the labels that they choose by. */
  readonly configurations: readonly FormOption[];
}

const MOST = 500;
const EDITOR = "default-editor";

/** What may not be read is left out. Rejects with UserError `no-notebooks`, else as KubeClient does. */
export async function readFacts(client: KubeClient, namespace: string, signal: AbortSignal): Promise<NotebookFacts> {
  const listed = async (kind: ResourceKind): Promise<readonly KubeObject[]> => {
    try {
      const at = kind.namespaced ? { namespace } : {};
      return (await client.list<KubeObject>(kind, { ...at, limit: MOST, signal })).items;
    } catch (error) {
      if (isApiError(error) && (error.status === 403 || error.status === 404)) return [];
      throw error;
    }
  };
  const names = (objects: readonly KubeObject[]): readonly string[] => objects.map(({ metadata }) => metadata.name);
  const [resource, spawner, accounts, claims, classes, podDefaults, notebooks] = await Promise.all([
    servedNotebooks(client, signal),
    readSpawner(client, signal),
    listed(SERVICE_ACCOUNT).then(names),
    listed(CLAIM),
    listed(STORAGE_CLASS).then(names),
    listed(POD_DEFAULT),
    listed(NOTEBOOK).then(names),
  ]);
  const account = accounts.includes(EDITOR) ? EDITOR : "";
  const configurations = configurationsOf(podDefaults);
  return { resource, spawner, account, accounts, notebooks, claims, classes, configurations };
}

/** The newest version of the kind that is served: v1 where it is (notebook-controller v1.11.0 serves three alike). */
async function servedNotebooks(client: KubeClient, signal: AbortSignal): Promise<ResourceKind> {
  const read = async (path: string): Promise<unknown> => {
    try {
      return await client.json<unknown>({ method: "GET", path, signal });
    } catch (error) {
      if (isApiError(error) && error.status === 404) return {};
      throw error;
    }
  };
  const group = record(await read(`/apis/${NOTEBOOK.group}`));
  const versions = list(group["versions"]).flatMap(({ version }) => text(version) ?? []);
  for (const version of ["v1", ...versions.filter((one) => one !== "v1")]) {
    if (!versions.includes(version)) continue;
    const { resources } = record(await read(`/apis/${NOTEBOOK.group}/${version}`));
    if (list(resources).some(({ kind, name }) => kind === NOTEBOOK.kind && name === NOTEBOOK.plural))
      return { ...NOTEBOOK, version };
  }
  throw new UserError("no-notebooks", "No notebook can be made there.", {
    why: "The cluster has no Kubeflow Notebooks.",
  });
}

/**
 * PodDefaults by what they say of themselves; those that choose alike come together. One that chooses by expressions is
 * offered by labels that meet them; one that no label is needed for is on every pod, and nothing to choose. Pure.
 */
export function configurationsOf(podDefaults: readonly KubeObject[]): readonly FormOption[] {
  const all = podDefaults.flatMap((object) => {
    const { desc, selector } = record(record(object)["spec"]);
    const { matchLabels, matchExpressions } = record(selector);
    const met = list(matchExpressions).flatMap(({ key, operator, values }) => {
      if (operator === "Exists") return [[String(key), "true"] as const];
      return operator === "In" && Array.isArray(values) ? [[String(key), String(values[0])] as const] : [];
    });
    const chosen = { ...Object.fromEntries(met), ...record(matchLabels) };
    const labels = Object.entries(chosen).map(([key, value]) => `${key}=${String(value)}`);
    if (labels.length === 0) return [];
    return [{ value: labels.join(","), words: text(desc) ?? object.metadata.name }];
  });
  return [...Map.groupBy(all, ({ value }) => value)].map(([value, alike]) => ({
    ...{ value, label: pickLabel(alike.map(({ words }) => words).join("; ")) },
  }));
}

export function choicesOf(
  facts: NotebookFacts,
  spawner: Spawner,
  server: "jupyter" | "group-one" | "group-two",
): NotebookChoices {
  const option = (value: string, words = value): FormOption => ({ value, label: pickLabel(words) });
  const claims = facts.claims.map((one) => option(one.metadata.name, `${one.metadata.name} · ${claimWords(one)}`));
  const known = new Set(facts.configurations.map(({ value }) => value));
  return {
    image: spawner.images[server].options.map((image) => option(image, imageLabel(image, spawner))),
    gpuVendor: spawner.gpus.vendors.map(({ key, name }) => option(key, name)),
    workspaceClass: facts.classes.map((name) => option(name)),
    workspaceClaim: claims,
    volumes: [
      option(NEW_VOLUME_LINE, "New volume"),
      ...claims.map(({ value, label: words }) => option(`${value}:/home/jovyan/${value}`, words)),
    ],
    configurations: [
      ...facts.configurations,
      ...spawner.configurations
        .filter((one) => !known.has(one))
        .map((one) => option(one, `${one.replace(/=true$/, "")} (no PodDefault has it)`)),
    ],
    tolerations: spawner.tolerations.map(({ key, name }) => option(key, name)),
    affinity: spawner.affinities.map(({ key, name }) => option(key, name)),
    serviceAccount: facts.accounts.map((name) => option(name)),
    like: facts.notebooks.map((name) => option(name)),
    ...(spawner.customImage && { partial: ["image" as const] }),
  };
}

/** The form as it is first shown; with `like`, as that notebook is. Rejects with UserError `gone` where there is none. */
export async function openedForm(
  facts: NotebookFacts,
  client: KubeClient,
  namespace: string,
  like: string,
  signal: AbortSignal,
): Promise<LikeNotebook> {
  const { spawner, account, notebooks, configurations, claims } = facts;
  if (like === "") return { spawner, form: firstForm(spawner, account, notebooks), left: [] };
  const found = await client.find<KubeObject>(facts.resource, like, namespace, signal);
  if (found === undefined) throw new UserError("gone", `There is no notebook ${label(like, 63)} any more.`);
  return likeNotebook(
    found,
    spawner,
    account,
    notebooks,
    configurations.map(({ value }) => value),
    claims,
  );
}
