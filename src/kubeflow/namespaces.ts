import { whoAmI } from "../kube/access.ts";
import { collectionPath, type KubeClient, type ListOptions } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { type Json, list, record, text } from "./read.ts";

const NAMESPACE: ResourceKind = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};
const PROFILE: ResourceKind = {
  group: "kubeflow.org",
  version: "v1",
  plural: "profiles",
  kind: "Profile",
  namespaced: false,
};
/** What the profile controller puts on the namespaces that it makes, besides the annotation `owner` (v2.0.0). */
const OF_A_PROFILE = "app.kubernetes.io/part-of=kubeflow-profile";
/** Names read at most: beyond that a person types the name. */
const MOST = 5000;
/** A server that makes no Tables of a kind answers with the list itself. */
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

export interface NamespaceList {
  /** Sorted; empty where listing is forbidden. */
  readonly names: readonly string[];
  /** False where the person may not list namespaces: they are typed by hand then. */
  readonly mayList: boolean;
}

/** The cluster's namespaces without those of Kubernetes itself: a Table without objects, 60 bytes each. */
export async function listNamespaces(client: KubeClient, signal?: AbortSignal): Promise<NamespaceList> {
  try {
    const answer = record(
      await client.json<unknown>({
        method: "GET",
        path: collectionPath(NAMESPACE),
        query: { limit: MOST, includeObject: "None" },
        accept: TABLE,
        signal,
      }),
    );
    const names = (answer["kind"] === "Table" ? namesInTable(answer) : list(answer["items"]).map(nameOf))
      .filter((name) => name !== undefined)
      .filter((name) => !name.startsWith("kube-"));
    return { names: names.sort(), mayList: true };
  } catch (error) {
    if (isApiError(error) && error.status === 403) return { names: [], mayList: false };
    throw error;
  }
}

/**
 * Names of the profiles whose owner is this person, by the Profile objects or, where these may not be read, by the
 * annotation of their namespaces. Empty where neither may be read and where there are no profiles: it only decides what
 * is shown first. Rejects with ConnectError or CancelledError.
 */
export async function ownNamespaces(client: KubeClient, signal?: AbortSignal): Promise<readonly string[]> {
  const options: ListOptions = { limit: MOST, signal };
  const [who, profiles] = await Promise.all([whoAmI(client, signal), readable(client.list(PROFILE, options))]);
  if (who === undefined || profiles === "absent") return [];
  const owned = profiles ?? (await readable(client.list(NAMESPACE, { ...options, labelSelector: OF_A_PROFILE })));
  return list(owned === "absent" ? [] : owned?.items)
    .filter((item) => ownerOf(item) === who)
    .flatMap((item) => nameOf(item) ?? []);
}

function ownerOf(item: Json): unknown {
  const owner = record(record(item["spec"])["owner"]);
  return owner["kind"] === "User" ? owner["name"] : record(record(item["metadata"])["annotations"])["owner"];
}

function nameOf(item: Json): string | undefined {
  return text(record(item["metadata"])["name"]);
}

function namesInTable(table: Json): readonly (string | undefined)[] {
  const at = Math.max(
    0,
    list(table["columnDefinitions"]).findIndex(({ format }) => format === "name"),
  );
  return list(table["rows"]).map(({ cells }) => (Array.isArray(cells) ? text(cells[at]) : undefined));
}

/** `absent` where the cluster has no such kind, undefined where the person may not read it. */
async function readable<T>(answer: Promise<T>): Promise<T | "absent" | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error)) return error.status === 404 ? "absent" : undefined;
    throw error;
  }
}
