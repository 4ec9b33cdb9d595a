import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { CancelledError, errorCode, isCancelled, UserError } from "../core/errors.ts";
import { ConnectError, isApiError } from "../kube/errors.ts";
import { assertName } from "../kube/names.ts";
import { SingleFlight } from "../kube/singleFlight.ts";
import { type Json, number, record, text } from "../kubeflow/read.ts";
import type { HttpAnswer, HttpBody } from "./podHttp.ts";
import {
  type Access,
  answerError,
  API,
  isForbidden,
  jsonOf,
  missing,
  openWay,
  type Query,
  type ServerPlace,
  type ServerRequest,
  type Way,
  withSignIn,
} from "./waysIn.ts";

/** Who a token stands for, and for whom it is meant (pipelines: backend/src/apiserver/auth, TokenReview). */
const ACCOUNT = "default-editor";
const AUDIENCE = "pipelines.kubeflow.org";
const TOKEN_SECONDS = 3600;
/** A token is renewed when this part of its life is over. */
const WORN = 0.8;
interface Token {
  readonly value: string;
  /** Monotonic ms until which it is used. */
  readonly until: number;
}

/** The API server of Kubeflow Pipelines. Asks nothing before the first call; what it opens ends with `dispose`. */
export class PipelineServer implements Disposable {
  readonly #place: ServerPlace;
  readonly #opening = new SingleFlight<Way>();
  /** By namespace. In memory only, and never in a message or a log. */
  readonly #tokens = new Map<string, Token>();
  readonly #minting = new Map<string, SingleFlight<Token>>();
  #way: Way | undefined;
  #isDisposed = false;

  constructor(place: ServerPlace) {
    this.#place = place;
  }

  get clock(): Clock {
    return this.#place.clock;
  }

  /** Opens a way in, where none is open, and asks who is there. Rejects as `openWay` does. */
  async open(signal: AbortSignal): Promise<Access> {
    return (await this.#opened(signal)).access;
  }

  /**
   * A path below the API's own. `namespace` is whose token goes along where the server is for several people. Rejects
   * with UserError `no-token` or `no-profile` where there is none to be had, `refused`, `no-rights`, `gone` or
   * `server-error` as the server answers, else as `open` does.
   */
  async json(path: string, query: Query, namespace: string, signal: AbortSignal): Promise<Json> {
    return jsonOf(await this.text({ path: `${API}${path}`, query }, namespace, signal));
  }

  /**
   * Has something made or done: sent once, whatever becomes of it. Rejects as `json` does, `what` said first, with
   * `invalid`, `taken` and `too-large` besides; an error without such a code tells that nobody knows whether it was done.
   */
  async post(
    path: string,
    sent: { readonly query?: Query; readonly body?: Json | HttpBody },
    what: string,
    namespace: string,
    signal: AbortSignal,
  ): Promise<Json> {
    const { query = {}, body = {} } = sent;
    const bytes = isBody(body) ? body : { type: "application/json", bytes: Buffer.from(JSON.stringify(body)) };
    const request = { path: `${API}${path}`, query, method: "POST", body: bytes } as const;
    return jsonOf(await this.text(request, namespace, signal, what), {});
  }

  /** Deletes what has a path of its own there. Resolves also where it is gone; rejects as `json` does. */
  async remove(path: string, namespace: string, signal: AbortSignal): Promise<void> {
    const request = { path: `${API}${path}`, method: "DELETE" } as const;
    await this.text(request, namespace, signal, "It was not deleted.").catch((error: unknown) => {
      if (errorCode(error) !== "gone") throw error;
    });
  }

  /** The same for any path and any text. `what` did not happen, where it fails. */
  async text(request: ServerRequest, namespace: string, signal: AbortSignal, what?: string): Promise<string> {
    for (let tries = 1; ; tries++) {
      const way = await this.#opened(signal);
      try {
        return await this.#ask(way, request, namespace, signal, what);
      } catch (error) {
        // Where the way broke, its pod may be gone, and another have its place.
        if (tries > 1 || this.#way === way || isCancelled(error) || request.method === "POST") throw error;
      }
    }
  }

  /** The next one looks for a way in anew. */
  reopen(): void {
    this.#opening.cancel();
    this.#drop(this.#way);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#opening.cancel();
    this.#tokens.clear();
    this.#drop(this.#way);
  }

  async #ask(
    way: Way,
    request: ServerRequest,
    namespace: string,
    signal: AbortSignal,
    what: string | undefined,
  ): Promise<string> {
    const multiUser = way.access.multiUser && way.access.way !== "gateway";
    const once = async (): Promise<HttpAnswer> => {
      const token = multiUser ? await this.#token(namespace, signal) : undefined;
      try {
        return await way.send(request, token, signal);
      } catch (error) {
        if (!isCancelled(error)) this.#drop(way);
        throw withSignIn(error, this.#place);
      }
    };
    let answer = await once();
    if (answer.status === 401 && multiUser) {
      this.#tokens.delete(namespace);
      answer = await once();
    }
    if (answer.status < 400) return answer.body;
    throw answerError(answer.status, answer.body, what);
  }

  async #opened(signal: AbortSignal): Promise<Way> {
    if (this.#way !== undefined) return this.#way;
    if (this.#isDisposed) throw new CancelledError();
    return this.#opening.join(async (running) => {
      const way = await openWay(this.#place, running).catch((error: unknown) => {
        throw withSignIn(error, this.#place);
      });
      if (this.#isDisposed) way.dispose();
      return (this.#way = way);
    }, signal);
  }

  #drop(way: Way | undefined): void {
    way?.dispose();
    if (this.#way === way) this.#way = undefined;
  }

  async #token(namespace: string, signal: AbortSignal): Promise<string> {
    const known = this.#tokens.get(namespace);
    if (known !== undefined && this.#place.clock.monotonic() < known.until) return known.value;
    const minting = this.#minting.get(namespace) ?? new SingleFlight<Token>();
    this.#minting.set(namespace, minting);
    const token = await minting.join((running) => this.#mint(namespace, running), signal);
    if (!this.#isDisposed) this.#tokens.set(namespace, token);
    return token.value;
  }

  /** TokenRequest (authentication.k8s.io/v1). The cluster may give a shorter life than was asked for. */
  async #mint(namespace: string, signal: AbortSignal): Promise<Token> {
    const { client, clock } = this.#place;
    const path = `/api/v1/namespaces/${assertName(namespace)}/serviceaccounts/${ACCOUNT}/token`;
    const spec = { audiences: [AUDIENCE], expirationSeconds: TOKEN_SECONDS };
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
    const asked = clock.monotonic();
    try {
      const answer = record(await client.json<unknown>({ method: "POST", path, body, signal }));
      const seconds = number(record(answer["spec"])["expirationSeconds"]) ?? TOKEN_SECONDS;
      const value = text(record(answer["status"])["token"]);
      if (value !== undefined) return { value, until: asked + seconds * 1000 * WORN };
    } catch (error) {
      if (isForbidden(error))
        throw withSignIn(
          missing(`You may not create tokens for ${ACCOUNT} in ${namespace}`, error, "no-token"),
          this.#place,
        );
      if (!isApiError(error, "NotFound")) throw error;
      const why = `${namespace} has no account ${ACCOUNT}: it is not the namespace of a profile.`;
      throw new UserError("no-profile", "Pipelines need a profile.", { why, cause: error });
    }
    throw new UserError("no-token", "Pipelines were not reached.", { why: "The cluster gave no token." });
  }
}

/** After something was sent: it may have arrived, and been done, though no answer says so. */
export function mayHaveArrived(error: unknown): boolean {
  if (isCancelled(error)) return false;
  if (error instanceof ConnectError) return error.code === "unreachable";
  return !(error instanceof UserError) || error.code === "server-error";
}

function isBody(body: Json | HttpBody): body is HttpBody {
  return "bytes" in body && Buffer.isBuffer(body.bytes);
}
