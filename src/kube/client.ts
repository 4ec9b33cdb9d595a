import { type Clock, systemClock } from "../core/clock.ts";
import { CancelledError } from "../core/errors.ts";
import { readWhole } from "./body.ts";
import { ApiError, type ApiStatus, isApiError } from "./errors.ts";
import { assertName } from "./names.ts";
import type { KubeList, KubeObject, ResourceKind } from "./objects.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";

/** Field manager of everything we write; the launch's own dry run uses it too. */
export const FIELD_MANAGER = "trainyard";

/** An answer that is read whole may pause for this long, in ms. */
const SILENCE_MS = 60_000;
/** Bytes of such an answer. The largest object of the API has 1.5 MB, and lists come in pages. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  /** `All`: the server runs defaulting, validation, admission and quota, and stores nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Plain verbs on any kind, over one transport. Every method rejects with ApiError, ConnectError or CancelledError. */
export class KubeClient {
  readonly #transport: Transport;
  readonly #clock: Clock;

  constructor(transport: Transport, clock: Clock = systemClock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  get<T extends KubeObject>(kind: ResourceKind, name: string, namespace?: string, signal?: AbortSignal): Promise<T> {
    return this.json<T>({ method: "GET", path: objectPath(kind, name, namespace), signal });
  }

  /** The same; undefined where there is no such object. */
  async find<T extends KubeObject>(
    kind: ResourceKind,
    name: string,
    namespace?: string,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await this.get<T>(kind, name, namespace, signal);
    } catch (error) {
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(kind: ResourceKind, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, ...query } = options;
    return this.json<KubeList<T>>({
      method: "GET",
      path: collectionPath(kind, namespace),
      query,
      signal,
    });
  }

  create<T extends KubeObject>(kind: ResourceKind, object: T, options: WriteOptions = {}): Promise<T> {
    return this.json<T>({
      method: "POST",
      path: collectionPath(kind, object.metadata.namespace),
      query: writeQuery(options),
      body: object,
      signal: options.signal,
    });
  }

  /** JSON merge patch. Put `metadata.resourceVersion` or `metadata.uid` in the patch to make it conditional. */
  patch<T extends KubeObject>(
    kind: ResourceKind,
    name: string,
    namespace: string | undefined,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.json<T>({
      method: "PATCH",
      path: objectPath(kind, name, namespace),
      query: writeQuery(options),
      body: patch,
      contentType: "application/merge-patch+json",
      signal: options.signal,
    });
  }

  /** Foreground deletion of exactly this object: another one of the same name is left alone (409 Conflict). */
  async delete(
    kind: ResourceKind,
    name: string,
    namespace: string | undefined,
    uid: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.json<unknown>({
      method: "DELETE",
      path: objectPath(kind, name, namespace),
      body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground", preconditions: { uid } },
      signal,
    });
  }

  /** Sends a request and parses its JSON answer. The caller names the shape; fields are read defensively. */
  async json<T>(request: KubeRequest): Promise<T> {
    const response = await this.stream(request);
    const text = await readAll(response, this.#clock, request.signal);
    // The one place where the server's JSON gets its static type.
    return JSON.parse(text) as T;
  }

  /** Sends a request and leaves its body to the caller; a status of 400 or more rejects with ApiError. */
  async stream(request: KubeRequest): Promise<KubeResponse> {
    if (request.signal?.aborted) throw new CancelledError();
    const response = await this.#transport.send({ accept: "application/json", ...request });
    if (response.status < 400) return response;
    throw await apiError(response, this.#clock, request.signal);
  }
}

const NEVER = new AbortController().signal;

/** `/api/v1/namespaces/ns/pods`; `/apis/kubeflow.org/v1/pytorchjobs` for all namespaces. Validates the namespace. */
export function collectionPath(kind: ResourceKind, namespace?: string): string {
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  if (!kind.namespaced || namespace === undefined) return `${base}/${kind.plural}`;
  return `${base}/namespaces/${assertName(namespace)}/${kind.plural}`;
}

/** Path of one object. Validates both names. */
export function objectPath(kind: ResourceKind, name: string, namespace?: string): string {
  return `${collectionPath(kind, namespace)}/${assertName(name)}`;
}

async function apiError(response: KubeResponse, clock: Clock, signal: AbortSignal | undefined): Promise<ApiError> {
  const text = await readAll(response, clock, signal);
  const header = Number(response.headers["retry-after"]);
  return new ApiError(response.status, statusOf(text), Number.isFinite(header) && header > 0 ? header : undefined);
}

/** A proxy or a load balancer in between answers in its own words: they are kept. */
export function statusOf(text: string): ApiStatus {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Not JSON: what was said stays the message.
  }
  const plain = text
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain === "" ? {} : { message: plain.slice(0, 300) };
}

/** The whole text, with an end for certain: a server that stalls or never stops must not hold the caller. */
function readAll(response: KubeResponse, clock: Clock, signal: AbortSignal = NEVER): Promise<string> {
  return readWhole(response, { signal, clock, silenceMs: () => SILENCE_MS }, MAX_ANSWER_BYTES);
}

function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return {
    fieldManager: FIELD_MANAGER,
    fieldValidation: "Strict",
    dryRun: options.dryRun === true ? "All" : undefined,
  };
}
