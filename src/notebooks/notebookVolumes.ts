// What becomes of a notebook's volume claims when it is deleted: a claim is no part of it, and others may mount it too.
import { errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { deleteObject } from "../kube/anyObject.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import { claimsIn, type Notebook, NOTEBOOK, NOTEBOOK_LABEL } from "../kubeflow/kinds/notebook.ts";
import { MAKING_ANNOTATION } from "./form/manifest.ts";
import { CLAIM, POD } from "../kubeflow/kinds/resources.ts";
import { list, record, text } from "../kubeflow/read.ts";

/** A claim that a notebook mounts. */
export interface MountedClaim {
  readonly name: string;
  readonly uid: string;
  /** As the claim asks for it: `10Gi`; empty where it does not say. */
  readonly size: string;
  /** Who else mounts it: `notebook eve`, `pod debug`. A job whose pods are not there is not seen. */
  readonly others: readonly string[];
  /** It belongs to the notebook, and goes with it. */
  readonly goes: boolean;
  /** It was made for this notebook, from here or by Kubeflow's own form. */
  readonly isOwn: boolean;
}

export interface NotebookClaims {
  readonly claims: readonly MountedClaim[];
  /** What may not be listed, so that `others` may lack some. */
  readonly unseen: readonly string[];
}

/** Objects of a page. */
const PAGE = 500;

/** Reads who mounts the claims of a notebook. Rejects as KubeClient does, save for what one may not list. */
export async function notebookClaims(
  client: KubeClient,
  notebook: Pick<Notebook, "uid" | "name" | "namespace" | "claims">,
  signal?: AbortSignal,
): Promise<NotebookClaims> {
  const { namespace } = notebook;
  if (notebook.claims.length === 0) return { claims: [], unseen: [] };
  const [pods, notebooks, found] = await Promise.all([
    allOf(client, POD, namespace, signal),
    allOf(client, NOTEBOOK, namespace, signal),
    Promise.all(notebook.claims.map((name) => client.find<KubeObject>(CLAIM, name, namespace, signal))),
  ]);
  const users = new Map<string, Set<string>>();
  const note = (claims: readonly string[], user: string): void => {
    for (const claim of claims) users.set(claim, (users.get(claim) ?? new Set()).add(user));
  };
  for (const { metadata, ...rest } of pods ?? []) {
    const server = text(metadata.labels?.[NOTEBOOK_LABEL]);
    // One that has ended mounts nothing any more, but what made it may begin anew.
    if (server !== notebook.name)
      note(claimsIn(record(rest)["spec"]), server === undefined ? `pod ${metadata.name}` : `notebook ${server}`);
  }
  for (const { metadata, ...rest } of notebooks ?? []) {
    if (metadata.uid === notebook.uid) continue;
    note(claimsIn(record(record(record(rest)["spec"])["template"])["spec"]), `notebook ${metadata.name}`);
  }
  return {
    claims: found.flatMap((claim) => (claim === undefined ? [] : [mounted(claim, notebook, users)])),
    unseen: [...(pods === undefined ? ["pods"] : []), ...(notebooks === undefined ? ["notebooks"] : [])],
  };
}

function mounted(
  claim: KubeObject,
  notebook: Pick<Notebook, "uid" | "name">,
  users: ReadonlyMap<string, ReadonlySet<string>>,
): MountedClaim {
  const { name, uid = "", ownerReferences, annotations } = claim.metadata;
  const { requests } = record(record(record(claim)["spec"])["resources"]);
  return {
    name,
    uid,
    size: text(record(requests)["storage"]) ?? "",
    others: [...(users.get(name) ?? [])],
    goes: list(ownerReferences).some((owner) => owner["uid"] === notebook.uid),
    isOwn: annotations?.[MAKING_ANNOTATION] !== undefined || name === `${notebook.name}-workspace`,
  };
}

/**
 * Deletes exactly this notebook, and then these claims of it, each exactly the one that was shown and is
 * nobody else's meanwhile: a claim that is still mounted waits until its pod is gone. Rejects with UserError `volumes-left` where the notebook is deleted and a claim is
 * not, else as `deleteObject` does.
 */
export async function deleteNotebook(
  client: KubeClient,
  notebook: Pick<Notebook, "namespace" | "name" | "uid">,
  claims: readonly Pick<MountedClaim, "name" | "uid">[],
  signal?: AbortSignal,
): Promise<void> {
  const { namespace, name, uid } = notebook;
  const now = await notebookClaims(client, { ...notebook, claims: claims.map((claim) => claim.name) }, signal);
  const shared = new Map(
    now.claims.map((claim) => [claim.name, now.unseen.length > 0 ? "whom you may not see" : claim.others.join(", ")]),
  );
  await deleteObject(client, { resource: NOTEBOOK, namespace, name, uid }, signal);
  const left: string[] = [];
  const reasons: unknown[] = [];
  for (const claim of claims) {
    const others = shared.get(claim.name) ?? "";
    if (others !== "") {
      left.push(label(claim.name, 63));
      reasons.push(new Error(`Also mounted by ${label(others, 200)} now.`));
      continue;
    }
    await deleteObject(client, { resource: CLAIM, namespace, ...claim }, signal).catch((error: unknown) => {
      left.push(label(claim.name, 63));
      reasons.push(error);
    });
  }
  if (left.length === 0) return;
  const what = `${label(name, 63)} was deleted, its volume claims ${left.join(", ")} were not.`;
  throw new UserError("volumes-left", what, { why: errorText(reasons[0]), cause: reasons[0] });
}

/** Of a namespace, or of all. Undefined where they may not be listed, or there is no such kind. */
export async function allOf(
  client: KubeClient,
  kind: ResourceKind,
  namespace: string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly KubeObject[] | undefined> {
  const found: KubeObject[] = [];
  let next: string | undefined;
  try {
    do {
      const more = {
        ...(namespace === undefined ? {} : { namespace }),
        ...(next === undefined ? {} : { continue: next }),
      };
      const { items, metadata } = await client.list<KubeObject>(kind, { limit: PAGE, signal, ...more });
      found.push(...items);
      next = text(metadata.continue);
    } while (next !== undefined);
  } catch (error) {
    if (isApiError(error, "Forbidden", "NotFound")) return undefined;
    throw error;
  }
  return found;
}
