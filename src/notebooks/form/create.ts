// Makes a notebook: its volume claims first, then itself. What a second press finds of the first counts as made.
import type { Clock } from "../../core/clock.ts";
import { errorText, isCancelled, UserError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { label } from "../../core/sanitize.ts";
import { explainLaunchError, withRetries } from "../../jobs/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { CLAIM } from "../../kubeflow/kinds/resources.ts";
import { MAKING_ANNOTATION, type NotebookManifests, WISHED_ANNOTATION } from "./manifest.ts";

export interface MakingSite {
  readonly client: KubeClient;
  readonly context: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface MadeObject {
  readonly resource: ResourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const TRIES = 4;
export const NOT_MADE = "The notebook was not created.";

/** An object as it was, or will be, asked for. */
export type Tried = readonly [ResourceKind, KubeObject];

/** Everything that is made, in its order. */
export function objectsOf({ resource, notebook, claims }: NotebookManifests): readonly Tried[] {
  return [...claims.map((claim) => [CLAIM, claim] as const), [resource, notebook]];
}

/**
 * Resolves with the notebook once it is there. Rejects with UserError of explainLaunchError, `name-taken`,
 * `made-otherwise`, ConnectError or CancelledError; then `madeOf` tells what there is of it. A request that is under way
 * when the signal aborts is answered first: cut off, it might be served later.
 */
export async function makeNotebook(
  site: MakingSite,
  manifests: NotebookManifests,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<MadeObject> {
  const how = { ...site, signal, tries: TRIES };
  let last: KubeObject | undefined;
  for (const [resource, object] of objectsOf(manifests)) {
    tell(`${resource.kind} ${object.metadata.name}`);
    last = await withRetries(how, () => ensure(site.client, resource, object)).catch((error: unknown) => {
      throw failure(error, site.context, manifests, object);
    });
  }
  return madeObject(manifests.resource, last ?? manifests.notebook);
}

/** What the server would say of all of it; stores nothing. Rejects as `makeNotebook` does. */
export async function dryRunNotebook(
  site: Pick<MakingSite, "client" | "context">,
  manifests: NotebookManifests,
  more: readonly Tried[],
  signal: AbortSignal,
): Promise<void> {
  const answers = await Promise.allSettled(
    [...objectsOf(manifests), ...more].map(([resource, object]) =>
      site.client.create(resource, object, { dryRun: true, signal }),
    ),
  );
  for (const answer of answers) {
    if (answer.status === "fulfilled" || isApiError(answer.reason, "AlreadyExists")) continue;
    // A webhook with side effects refuses every dry run; that says nothing about the notebook.
    if (isApiError(answer.reason, "BadRequest") && /does not support dry run/.test(answer.reason.message)) continue;
    throw failure(answer.reason, site.context, manifests, manifests.notebook);
  }
}

/** What there is of what was tried, whatever is wished for by now; the last made first. Rejects as KubeClient does. */
export async function madeOf(
  { client }: Pick<MakingSite, "client">,
  tried: readonly Tried[],
  signal: AbortSignal,
): Promise<readonly MadeObject[]> {
  const found = await Promise.all(
    tried.map(async ([resource, object]) => {
      const { name, namespace } = object.metadata;
      const now = await client.find<KubeObject>(resource, name, namespace, signal);
      if (now === undefined || now.metadata.deletionTimestamp !== undefined) return [];
      return madeAs(now, object) === "by another" ? [] : [madeObject(resource, now)];
    }),
  );
  return found.flat().reverse();
}

async function ensure(client: KubeClient, resource: ResourceKind, object: KubeObject): Promise<KubeObject> {
  try {
    return await client.create(resource, object);
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    const { name, namespace } = object.metadata;
    const now = await client.find<KubeObject>(resource, name, namespace);
    const isEnding = now?.metadata.deletionTimestamp !== undefined;
    const made = now === undefined || isEnding ? "by another" : madeAs(now, object);
    if (now !== undefined && made === "as wished") return now;
    if (made === "otherwise")
      throw new UserError("made-otherwise", NOT_MADE, { why: otherwise(resource, name), cause: error });
    const what = `${resource.kind === "Notebook" ? "a notebook" : "a volume claim"} ${label(name, 63)}`;
    throw new UserError("name-taken", NOT_MADE, {
      why: isEnding
        ? `${namespace ?? ""} still has ${what}, which is being deleted.`
        : `${namespace ?? ""} already has ${what}.`,
      hint:
        resource.kind === "Notebook"
          ? "Give it another name."
          : "Take it as an existing one, or give the new one another name.",
      cause: error,
    });
  }
}

/** Of an object that is there: whether the press of the wished one made it, and with what is wished for now. */
export function madeAs(now: KubeObject, wished: KubeObject): "as wished" | "otherwise" | "by another" {
  const isSame = (key: string): boolean => now.metadata.annotations?.[key] === wished.metadata.annotations?.[key];
  if (wished.metadata.annotations?.[MAKING_ANNOTATION] === undefined || !isSame(MAKING_ANNOTATION)) return "by another";
  return isSame(WISHED_ANNOTATION) ? "as wished" : "otherwise";
}

export function otherwise({ kind }: ResourceKind, name: string): string {
  const what = `the ${kind === "Notebook" ? "notebook" : "volume claim"} ${label(name, 63)}`;
  return `An earlier try made ${what}, and not as the form now has it: what was made must go first.`;
}

function madeObject(resource: ResourceKind, { metadata: { name, namespace = "", uid = "" } }: KubeObject): MadeObject {
  return { resource, namespace, name, uid };
}

function failure(error: unknown, context: string, { notebook }: NotebookManifests, object: KubeObject): Error {
  if (isCancelled(error)) return error instanceof Error ? error : new Error(errorText(error));
  const { name, namespace = "" } = notebook.metadata;
  if (isApiError(error) && error.status === 404 && (error.details?.name ?? "") === "")
    return new UserError("no-notebooks", NOT_MADE, {
      why: `The cluster takes no ${object.kind ?? ""} any more.`,
      cause: error,
    });
  return explainLaunchError(error, { name, namespace, context, what: NOT_MADE, rights: "notebooks" });
}
