// How the API server of Kubeflow Pipelines is reached: the ways, best first, and what is missing where none is open.
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { errorCode, errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { readWhole } from "../kube/body.ts";
import type { KubeClient } from "../kube/client.ts";
import { type ApiError, isApiError } from "../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import { POD } from "../kubeflow/kinds/pod.ts";
import { type Json, list, number, record, text } from "../kubeflow/read.ts";
import { type HttpAnswer, type Method, PodHttp } from "./podHttp.ts";

export interface ServerPlace {
  readonly client: KubeClient;
  /** Of the Service `ml-pipeline`. */
  readonly namespace: string;
  readonly clock: Clock;
  /** One stream to a port of a pod in that namespace. */
  readonly connect: (pod: string, port: number, signal: AbortSignal) => Promise<Duplex>;
}

/** What is known of a server that is reached. */
export interface Access {
  readonly way: "port-forward" | "service proxy";
  /** Namespaces are kept apart, and each answer needs a token. */
  readonly multiUser: boolean;
  readonly version: string | undefined;
}

export type Query = Readonly<Record<string, string>>;
type Send = (
  path: string,
  query: Query,
  token: string | undefined,
  signal: AbortSignal,
  method?: Method,
) => Promise<HttpAnswer>;

export interface Way {
  readonly access: Access;
  readonly send: Send;
  dispose(): void;
}

const SERVICE: ResourceKind = { group: "", version: "v1", plural: "services", kind: "Service", namespaced: true };
const NAME = "ml-pipeline";
const PORT = 8888;
export const API = "/apis/v2beta1";
const NOT_REACHED = "Pipelines were not reached.";
const SILENCE_MS = 30_000;

/**
 * Opens the best way: a port-forward to a ready pod of the Service; where that is forbidden, the API server's proxy to
 * the Service, which serves installations for one person only, since it keeps tokens to itself. Rejects with UserError
 * `no-rights`, `no-server` or `no-ready-pod`, which name what is missing, with ConnectError or CancelledError.
 */
export async function openWay(place: ServerPlace, signal: AbortSignal): Promise<Way> {
  try {
    return await byForward(place, signal);
  } catch (error) {
    if (errorCode(error) !== "no-rights") throw error;
    return byProxy(place, error, signal);
  }
}

async function byForward(place: ServerPlace, signal: AbortSignal): Promise<Way> {
  const { pod, port } = await readyPod(place, signal);
  const http = new PodHttp((ending) => place.connect(pod, port, ending), place.clock);
  const send: Send = (path, query, token, aborted, method = "GET") => {
    const search = new URLSearchParams(query).toString();
    const headers = {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    return http.send(method, search === "" ? path : `${path}?${search}`, headers, aborted);
  };
  try {
    const { status, body } = await send(`${API}/healthz`, {}, undefined, signal);
    return { access: accessOf(status, body, "port-forward"), send, dispose: () => http.dispose() };
  } catch (error) {
    http.dispose();
    throw error;
  }
}

async function byProxy({ client, namespace, clock }: ServerPlace, refused: unknown, signal: AbortSignal): Promise<Way> {
  const base = `/api/v1/namespaces/${namespace}/services/${NAME}:${PORT}/proxy`;
  const send: Send = async (path, query, _, aborted, method = "GET") => {
    try {
      const response = await client.stream({ method, path: `${base}${path}`, query, signal: aborted });
      const body = await readWhole(response, { signal: aborted, clock, silenceMs: () => SILENCE_MS });
      return { status: response.status, body };
    } catch (error) {
      if (!isApiError(error)) throw error;
      return { status: error.status, body: JSON.stringify({ message: error.message }) };
    }
  };
  const { status, body } = await send(`${API}/healthz`, {}, undefined, signal);
  // Neither way: what is said is of the better one.
  if (status === 401 || status === 403) throw refused;
  const access = accessOf(status, body, "service proxy");
  if (!access.multiUser) return { access, send, dispose: () => undefined };
  const why = `It is for several people and asks for a token, which goes by port-forward alone. ${errorText(refused)}`;
  throw new UserError("no-rights", NOT_REACHED, { why });
}

function accessOf(status: number, body: string, way: Access["way"]): Access {
  if (status >= 400) throw answerError(status, body);
  const answer = jsonOf(body);
  const version = label(text(answer["tag_name"]) ?? "", 30);
  return { way, multiUser: answer["multi_user"] === true, version: version === "" ? undefined : version };
}

/** A pod behind the Service that takes requests. Its selector is upstream's where the Service may not be read. */
async function readyPod(
  { client, namespace }: ServerPlace,
  signal: AbortSignal,
): Promise<{ readonly pod: string; readonly port: number }> {
  const service = await readService(client, namespace, signal);
  const spec = record(record(service)["spec"]);
  const selector = Object.entries(service === undefined ? { app: NAME } : record(spec["selector"]));
  const labelSelector = selector.map(([key, value]) => `${key}=${String(value)}`).join(",");
  try {
    const { items } = await client.list<KubeObject>(POD, { namespace, labelSelector, limit: 50, signal });
    const pod = items.find(isReady);
    if (pod !== undefined) return { pod: pod.metadata.name, port: portOf(spec, pod) };
  } catch (error) {
    if (isForbidden(error)) throw missing(`You may not list pods in ${namespace}`, error);
    throw error;
  }
  const why = `No pod of ${NAME} in ${namespace} is ready.`;
  throw new UserError("no-ready-pod", NOT_REACHED, { why, hint: "It is looked for again in a moment." });
}

async function readService(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await client.get<KubeObject>(SERVICE, NAME, namespace, signal);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    if (!isApiError(error, "NotFound")) throw error;
    const why = `There is no Service ${NAME} in ${namespace}.`;
    throw new UserError("no-server", NOT_REACHED, { why, cause: error });
  }
}

function isReady(pod: KubeObject): boolean {
  const conditions = list(record(record(pod)["status"])["conditions"]);
  const ready = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  return ready && pod.metadata.deletionTimestamp === undefined;
}

/** The pod's port behind the Service's; a Service may call it by name. */
function portOf(spec: Json, pod: KubeObject): number {
  const target = list(spec["ports"]).find(({ port }) => port === PORT)?.["targetPort"];
  const containers = list(record(record(pod)["spec"])["containers"]);
  const ports = containers.flatMap((container) => list(container["ports"]));
  const named = ports.find(({ name }) => name === target)?.["containerPort"];
  return number(typeof target === "string" ? named : target) ?? PORT;
}

/** A refusal that only an administrator can change, in the cluster's own words. */
export function missing(what: string, error: ApiError, code = "no-rights"): UserError {
  const why = `${what}: ${label(error.message, 300).replace(/\.$/, "")}.`;
  return new UserError(code, NOT_REACHED, { why, hint: "An administrator can allow it.", cause: error });
}

export function isForbidden(error: unknown): error is ApiError {
  return isApiError(error) && error.status === 403;
}

/** What the server refused, in its own words: the innermost of its sentences, which wraps each in the next. */
export function answerError(
  status: number,
  body: string,
  what = "The pipelines' server did not give this.",
): UserError {
  const answer = jsonOf(body, {});
  const words = text(list(answer["details"])[0]?.["message"]) ?? text(answer["message"]) ?? text(answer["error"]);
  // What follows the first line is where in its program it happened.
  const [first = ""] = (words ?? `HTTP ${status}`).trimStart().split("\n");
  const why = `It says: ${label(first, 300).replace(/\.$/, "")}.`;
  const code = status === 401 ? "refused" : status === 403 ? "no-rights" : status === 404 ? "gone" : "server-error";
  return new UserError(code, what, { why });
}

export function jsonOf(body: string, otherwise?: Json): Json {
  try {
    return record(JSON.parse(body));
  } catch (error) {
    if (otherwise !== undefined) return otherwise;
    const why = "What it answered is not JSON.";
    throw new UserError("server-error", "The pipelines' server was not understood.", { why, cause: error });
  }
}
