// How the API server of Kubeflow Pipelines is reached: the ways, best first, and what is missing where none is open.
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { errorCode, errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { readWhole } from "../kube/body.ts";
import type { KubeClient } from "../kube/client.ts";
import { type ApiError, isApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { type Gateway, NEEDS_A_PERSON } from "../kubeflow/gateway/gateways.ts";
import { SERVICE } from "../kubeflow/kinds/resources.ts";
import { type Json, list, record, text } from "../kubeflow/read.ts";
import { podBehind } from "../kubeflow/servicePod.ts";
import { GatewayHttp } from "./gatewayHttp.ts";
import { answerIn, type HttpAnswer, type HttpBody, type Method, PodHttp } from "./podHttp.ts";

export interface ServerPlace {
  readonly client: KubeClient;
  /** Of the Service `ml-pipeline`. */
  readonly namespace: string;
  readonly clock: Clock;
  /** One stream to a port of a pod in that namespace, or in another. */
  readonly connect: (pod: string, port: number, signal: AbortSignal, namespace?: string) => Promise<Duplex>;
  /** Where a person may have signed in; left out where there is nowhere to keep that. */
  readonly gateway?: Gateway;
}

/** What is known of a server that is reached. */
export interface Access {
  readonly way: "port-forward" | "service proxy" | "gateway";
  /** Namespaces are kept apart; besides by the gateway, each answer needs a token. */
  readonly multiUser: boolean;
  readonly version: string | undefined;
}

export type Query = Readonly<Record<string, string>>;

/** What the server is asked. */
export interface ServerRequest {
  readonly path: string;
  readonly query?: Query;
  /** GET where it is left out. */
  readonly method?: Method;
  readonly body?: HttpBody;
}

type Send = (request: ServerRequest, token: string | undefined, signal: AbortSignal) => Promise<HttpAnswer>;

export interface Way {
  readonly access: Access;
  readonly send: Send;
  dispose(): void;
}

const NAME = "ml-pipeline";
const PORT = 8888;
export const API = "/apis/v2beta1";
const NOT_REACHED = "Pipelines were not reached.";
const SILENCE_MS = 30_000;

/**
 * Opens the best way. Where a person has signed in at the gateway, since the others were not open to them: by that. Else a
 * port-forward to a ready pod of the Service; where that is forbidden, the API server's proxy to the Service, which serves
 * installations for one person only, since it keeps tokens to itself. Rejects with UserError `no-rights`, `no-server` or
 * `no-ready-pod`, which name what is missing, `signed-out` or as `Gateway.session`, with ConnectError or CancelledError.
 */
export async function openWay(place: ServerPlace, signal: AbortSignal): Promise<Way> {
  const { gateway } = place;
  if (gateway !== undefined && (await gateway.origin()) !== undefined) return byGateway(gateway, place.clock, signal);
  try {
    return await byForward(place, signal);
  } catch (error) {
    if (errorCode(error) !== "no-rights") throw error;
    return byProxy(place, error, signal);
  }
}

/** By what the gateway leads to pipelines (pipelines: manifests/kustomize/base/installs/multi-user/istio-authorization). */
export const BEHIND_GATEWAY = "/pipeline";

async function byGateway(gateway: Gateway, clock: Clock, signal: AbortSignal): Promise<Way> {
  const http = new GatewayHttp(gateway, clock);
  const send: Send = ({ path, query, method = "GET", body }, _, aborted) => {
    const full = `${BEHIND_GATEWAY}${withQuery(path, query)}`;
    const request = { method, path: full, headers: { accept: "application/json" }, ...(body && { body }) };
    return http.ask(request, (response) => answerIn(response, "gateway"), aborted);
  };
  try {
    const { status, body } = await send({ path: `${API}/healthz` }, undefined, signal);
    return { access: accessOf(status, body, "gateway"), send, dispose: () => http.dispose() };
  } catch (error) {
    http.dispose();
    throw error;
  }
}

async function byForward(place: ServerPlace, signal: AbortSignal): Promise<Way> {
  const { client, namespace } = place;
  const door = { namespace, service: NAME, port: PORT, selector: { app: NAME }, what: NOT_REACHED };
  const { pod, port } = await readyPod(client, door, signal);
  const http = new PodHttp((ending) => place.connect(pod, port, ending), place.clock);
  const send: Send = ({ path, query, method = "GET", body }, token, aborted) => {
    const headers = {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    return http.send(method, withQuery(path, query), headers, aborted, body);
  };
  try {
    const { status, body } = await send({ path: `${API}/healthz` }, undefined, signal);
    return { access: accessOf(status, body, "port-forward"), send, dispose: () => http.dispose() };
  } catch (error) {
    http.dispose();
    throw error;
  }
}

function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams(query).toString();
  return search === "" ? path : `${path}?${search}`;
}

async function byProxy({ client, namespace, clock }: ServerPlace, refused: unknown, signal: AbortSignal): Promise<Way> {
  const base = `/api/v1/namespaces/${namespace}/services/${NAME}:${PORT}/proxy`;
  const send: Send = async ({ path, query = {}, method = "GET", body: sent }, _, aborted) => {
    const body = sent && { body: sent.bytes, contentType: sent.type };
    try {
      const response = await client.stream({ method, path: `${base}${path}`, query, signal: aborted, ...body });
      const answer = await readWhole(response, { signal: aborted, clock, silenceMs: () => SILENCE_MS });
      return { status: response.status, body: answer };
    } catch (error) {
      if (!isApiError(error)) throw error;
      // The cluster's own word, not that of a server behind it, which gives no reason of this kind.
      if (error.reason === "NotFound") throw noServer(`The cluster says: ${saidBy(error)}.`, error);
      return { status: error.status, body: JSON.stringify({ message: error.message }) };
    }
  };
  const { status, body } = await send({ path: `${API}/healthz` }, undefined, signal);
  // Neither way: what is said is of the better one.
  if (status === 401 || status === 403) throw refused;
  const access = accessOf(status, body, "service proxy");
  if (!access.multiUser) return { access, send, dispose: () => undefined };
  const why = `It is for several people and asks for a token, which goes by port-forward alone. ${errorText(refused)}`;
  throw new UserError("no-rights", NOT_REACHED, { why });
}

function accessOf(status: number, body: string, way: Access["way"]): Access {
  if (status >= 400) {
    const error = answerError(status, body);
    throw error.code === "gone" ? noServer(`What answers there does not know ${API}.`, error) : error;
  }
  const answer = jsonOf(body);
  // The server of pipelines' pages, which is what the gateway leads to, has names of its own for it.
  const version = label(text(answer["tag_name"]) ?? text(answer["apiServerTagName"]) ?? "", 30);
  return {
    way,
    multiUser: (answer["multi_user"] ?? answer["apiServerMultiUser"]) === true,
    version: version === "" ? undefined : version,
  };
}

/** The cluster's own ways are closed to the person, or Kubeflow's is: with a button that leads to its sign-in. */
export function withSignIn(error: unknown, { gateway }: ServerPlace): unknown {
  const code = errorCode(error) ?? "";
  const isClosed = code === "no-rights" || code === "no-token" || NEEDS_A_PERSON.has(code);
  if (gateway === undefined || !isClosed || !(error instanceof UserError) || error.next.length > 0) return error;
  const next = [
    { title: "Sign In at Kubeflow…", command: "trainyard.kubeflow.openDashboard", args: [{ signIn: gateway.context }] },
  ];
  return new UserError(code, error.message, { next, cause: error });
}

/** A Service that is reached by port-forward. */
export interface Door {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** Upstream's, for those who may not read the Service. */
  readonly selector: Json;
  /** What did not happen, where it is not reached. */
  readonly what: string;
  /** What stands before its paths at the gateway; left out where that does not lead to it. */
  readonly behindGateway?: string;
}

/** Rejects with UserError `no-server`, `no-ready-pod` or `no-rights`, else as KubeClient does. */
export async function readyPod(
  client: KubeClient,
  door: Door,
  signal: AbortSignal,
): Promise<{ readonly pod: string; readonly port: number }> {
  const { namespace, service, port, what } = door;
  const spec = await specOf(client, door, signal);
  try {
    const found = await podBehind(client, { namespace, spec, port }, signal);
    if (found !== undefined) return found;
  } catch (error) {
    if (isForbidden(error)) throw missing(`You may not list pods in ${namespace}`, error, "no-rights", what);
    throw error;
  }
  const why = `No pod of ${service} in ${namespace} is ready.`;
  throw new UserError("no-ready-pod", what, { why, hint: "It is looked for again in a moment." });
}

async function specOf(
  client: KubeClient,
  { namespace, service, selector, what }: Door,
  signal: AbortSignal,
): Promise<Json> {
  try {
    return record(record(await client.get<KubeObject>(SERVICE, service, namespace, signal))["spec"]);
  } catch (error) {
    if (isForbidden(error)) return { selector };
    if (!isApiError(error, "NotFound")) throw error;
    throw noServer(`There is no Service ${service} in ${namespace}.`, error, what);
  }
}

function noServer(why: string, cause?: unknown, what = NOT_REACHED): UserError {
  return new UserError("no-server", what, { why, cause });
}

/** A refusal that only an administrator can change, in the cluster's own words. */
export function missing(which: string, error: ApiError, code = "no-rights", what = NOT_REACHED): UserError {
  const why = `${which}: ${saidBy(error)}.`;
  return new UserError(code, what, { why, hint: "An administrator can allow it.", cause: error });
}

function saidBy({ message }: ApiError): string {
  return label(message, 300).replace(/\.$/, "");
}

export function isForbidden(error: unknown): error is ApiError {
  return isApiError(error) && error.status === 403;
}

/**
 * What the server refused, in its own words: the innermost of its sentences, which wraps each in the next. `gone` is what
 * the server itself does not have.
 */
export function answerError(
  status: number,
  body: string,
  what = "The pipelines' server did not give this.",
): UserError {
  const answer = jsonOf(body, {});
  const chain = text(answer["message"]) ?? text(answer["error"]) ?? text(answer["error_message"]) ?? "";
  const told = text(list(answer["details"])[0]?.["message"]) ?? "";
  // Without a word of the server's it comes from what leads there: nobody has looked for what was asked for.
  if (status === 404 && chain === "" && told === "")
    return noServer("What leads there answers HTTP 404.", undefined, what);
  const inner = chain.split(/\w*[eE]rror: /).at(-1) ?? "";
  // What follows the first line is where in its program it happened.
  const [first = ""] = (told !== "" && !GENERIC.test(told) ? told : inner || `HTTP ${status}`).trimStart().split("\n");
  const why = `It says: ${label(first, 300).replace(/\.$/, "")}.`;
  // A failure of its own may be one of what it was asked for (2.0.5: a version that is gone, a name that is taken).
  const meant = status === 500 ? (NESTED.find(([words]) => words.test(chain))?.[1] ?? status) : status;
  return new UserError(CODES[meant] ?? "server-error", what, { why });
}

const GENERIC = /^\s*internal server error\.?\s*$/i;
const NESTED = [
  [/ResourceNotFoundError: /, 404],
  [/already exists?\b/i, 409],
  [/InvalidInputError: |Invalid input error: /, 400],
] as const;
const CODES: Readonly<Record<number, string>> = {
  400: "invalid",
  401: "refused",
  403: "no-rights",
  404: "gone",
  409: "taken",
  413: "too-large",
};

export function jsonOf(body: string, otherwise?: Json): Json {
  try {
    return record(JSON.parse(body));
  } catch (error) {
    if (otherwise !== undefined) return otherwise;
    const why = "What it answered is not JSON.";
    throw new UserError("server-error", "The pipelines' server was not understood.", { why, cause: error });
  }
}
