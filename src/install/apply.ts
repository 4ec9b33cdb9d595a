// One object at a time, by server-side apply: as often as the server asks for it, never until it works.
import type { Clock } from "../core/clock.ts";
import { CancelledError, errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { duration } from "../core/text.ts";
import { FIELD_MANAGER, type KubeClient, objectPath } from "../kube/client.ts";
import { type ApiError, ConnectError, isApiError } from "../kube/errors.ts";
import type { KubeRequest } from "../kube/transport.ts";
import { parseMissingQuota, parseQuota } from "../kubeflow/quota.ts";
import { warningText } from "../kubeflow/podWords.ts";
import { list, record } from "../kubeflow/read.ts";
import type { Kinds } from "./kinds.ts";
import { type Manifest, type Ref, refOf, refWords } from "./objects.ts";
import { conflictsIn, type FieldConflict, ownsAll } from "./ownership.ts";

/** Answers bring the metadata alone: a definition may have a megabyte. */
export const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/** Milliseconds for which an object is tried again while the server cannot be reached or asks for patience. */
const PATIENCE_MS = 120_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;

export interface ApplyOptions {
  /** Fields of another manager are taken over. */
  readonly adopt: boolean;
  /** Told why it has to wait; "" once it goes on. */
  readonly onWait: (why: string) => void;
  readonly signal: AbortSignal;
}

export interface ApplyTools {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly kinds: Kinds;
}

/**
 * Applies an object. A conflict with another manager is an error unless we hold every such field too, or `adopt` says to
 * take them over. Rejects with UserError `conflict`, `not-allowed`, `quota`, `terminating`, `immutable`, `refused`,
 * `no-answer`, or with CancelledError.
 */
export async function applyObject(tools: ApplyTools, object: Manifest, options: ApplyOptions): Promise<void> {
  const { clock } = tools;
  const since = clock.monotonic();
  let wait = FIRST_WAIT_MS;
  let force = options.adopt;
  let waited = false;
  for (;;) {
    if (options.signal.aborted) throw new CancelledError();
    try {
      await send(tools, object, force, options.signal);
      if (waited) options.onWait("");
      return;
    } catch (error) {
      const conflicts = isApiError(error) ? conflictsIn(error) : [];
      if (conflicts.length > 0) {
        if (force || !(await isForUs(tools, object, conflicts, options.signal))) throw conflict(object, conflicts);
        force = true;
        continue;
      }
      const why = passing(error);
      if (why === undefined) throw refusal(object, error);
      if (clock.monotonic() - since > PATIENCE_MS) throw noAnswer(object, why, error);
      options.onWait(`${refWords(refOf(object))}: ${why}`);
      waited = true;
      await clock.sleep(pauseFor(error, wait), options.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

/** What a server says of an object without its content; undefined where there is none. */
export async function lookUp(
  tools: Pick<ApplyTools, "client" | "kinds">,
  ref: Ref,
  signal?: AbortSignal,
): Promise<unknown> {
  const kind = await tools.kinds.find(ref);
  if (kind === undefined) return undefined;
  const path = objectPath(kind, ref.name, kind.namespaced ? ref.namespace || "default" : undefined);
  try {
    return await tools.client.json<unknown>({ method: "GET", path, accept: METADATA_ONLY, signal });
  } catch (error) {
    if (isApiError(error) && error.status === 404) return undefined;
    throw error;
  }
}

async function send(
  { client, kinds }: ApplyTools,
  object: Manifest,
  force: boolean,
  signal: AbortSignal,
): Promise<void> {
  const kind = await kinds.get(object);
  const { name, namespace } = object.metadata;
  const request: KubeRequest = {
    method: "PATCH",
    path: objectPath(kind, name, kind.namespaced ? (namespace ?? "default") : undefined),
    query: { fieldManager: FIELD_MANAGER, force: force ? true : undefined },
    body: object,
    contentType: "application/apply-patch+yaml",
    accept: METADATA_ONLY,
    signal,
  };
  await client.json<unknown>(request);
}

async function isForUs(
  tools: ApplyTools,
  object: Manifest,
  conflicts: readonly FieldConflict[],
  signal: AbortSignal,
): Promise<boolean> {
  return ownsAll(await lookUp(tools, refOf(object), signal), conflicts);
}

/**
 * Asks again while the server cannot be reached or asks for patience, for two minutes at most. Rejects as `ask` does, and
 * with CancelledError.
 */
export async function patiently<T>(clock: Clock, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const since = clock.monotonic();
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await ask();
    } catch (error) {
      const isBusy = isApiError(error) && (error.status === 429 || error.status >= 500);
      const isAway = error instanceof ConnectError && error.code === "unreachable";
      if ((!isBusy && !isAway) || clock.monotonic() - since > PATIENCE_MS) throw error;
      await clock.sleep(pauseFor(error, wait), signal);
    }
  }
}

/** Why it may work in a moment, in words; undefined where it will not by itself. */
function passing(error: unknown): string | undefined {
  if (error instanceof ConnectError)
    return error.code === "unreachable" ? "the cluster cannot be reached at the moment" : undefined;
  if (error instanceof UserError) return error.code === "kind-missing" ? "its kind is not served yet" : undefined;
  if (!isApiError(error)) return undefined;
  const { status, message } = error;
  if (/failed calling webhook/.test(message)) return `${webhookIn(message)} does not answer yet`;
  if (status === 429) return "the server asks for patience";
  if (status >= 500) return `the server said: ${label(message, 120)}`;
  // A namespace or a kind that was made a moment ago may not be known to every server yet.
  if (status === 404) return "what it belongs to is not known to the server yet";
  return status === 409 ? "somebody else changed it at the same time" : undefined;
}

function webhookIn(message: string): string {
  return `the webhook ${label(/failed calling webhook "([^"]+)"/.exec(message)?.[1] ?? "", 80)}`;
}

function pauseFor(error: unknown, wait: number): number {
  const asked = isApiError(error) ? error.retryAfterSeconds : undefined;
  return asked === undefined ? wait : Math.min(Math.max(asked * 1000, wait), 30_000);
}

function conflict(object: Manifest, conflicts: readonly FieldConflict[]): UserError {
  const managers = [...new Set(conflicts.map(({ manager }) => `«${manager}»`))].slice(0, 3).join(", ");
  const fields = conflicts
    .slice(0, 3)
    .map(({ field }) => label(field, 80))
    .join(", ");
  return new UserError("conflict", `${refWords(refOf(object))} was not changed: ${managers} manages ${fields}.`, {
    hint: "Leave the component out, or choose to take it over.",
  });
}

function noAnswer(object: Manifest, why: string, cause: unknown): UserError {
  const what = `${refWords(refOf(object))} could not be applied within ${duration(PATIENCE_MS)}: ${why}.`;
  return new UserError("no-answer", what, { hint: "What was done is kept: go on when this is mended.", cause });
}

/** A refusal in words that say what to do. */
function refusal(object: Manifest, error: unknown): unknown {
  if (!isApiError(error)) return error;
  const { code, why, hint } = refusalWords(error);
  const words = why.replace(/[.\s]+$/, "");
  return new UserError(code, `${refWords(refOf(object))} was refused: ${words}.`, { hint, cause: error });
}

function refusalWords(error: ApiError): { readonly code: string; readonly why: string; readonly hint: string } {
  const { message, status } = error;
  if (list(record(error.details)["causes"]).some(({ reason }) => reason === "NamespaceTerminating"))
    return { code: "terminating", why: "its namespace is being deleted", hint: "Go on when it has gone." };
  if (parseQuota(message) !== undefined || parseMissingQuota(message) !== undefined)
    return { code: "quota", why: warningText({ message }, "it"), hint: "Raise the quota, then go on." };
  if (status === 403 && !/admission webhook/.test(message))
    return { code: "not-allowed", why: label(message, 300), hint: "Ask an administrator; then go on." };
  if (/field is immutable/.test(message))
    return {
      code: "immutable",
      why: label(message, 300),
      hint: "It has to be deleted before the new one can be made: it was installed by another version.",
    };
  return { code: "refused", why: label(errorText(error), 300), hint: "Its own words say what is wrong." };
}
