import type { Disposable } from "../core/dispose.ts";
import { CancelledError, errorCode, isCancelled, UserError } from "../core/errors.ts";
import { isApiError } from "../kube/errors.ts";
import { assertName } from "../kube/names.ts";
import { SingleFlight } from "../kube/singleFlight.ts";
import { type Json, number, record, text } from "../kubeflow/read.ts";
import type { HttpAnswer, Method } from "./podHttp.ts";
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
  type Way,
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
    return jsonOf(await this.text(`${API}${path}`, query, namespace, signal));
  }

  /** Deletes what has a path of its own there. Resolves also where it is gone; rejects as `json` does. */
  async remove(path: string, namespace: string, signal: AbortSignal): Promise<void> {
    await this.text(`${API}${path}`, {}, namespace, signal, "DELETE").catch((error: unknown) => {
      if (errorCode(error) !== "gone") throw error;
    });
  }

  /** The same for any path and any text. */
  async text(
    path: string,
    query: Query,
    namespace: string,
    signal: AbortSignal,
    method: Method = "GET",
  ): Promise<string> {
    for (let tries = 1; ; tries++) {
      const way = await this.#opened(signal);
      try {
        return await this.#ask(way, method, path, query, namespace, signal);
      } catch (error) {
        // Where the way broke, its pod may be gone, and another have its place.
        if (tries > 1 || this.#way === way || isCancelled(error)) throw error;
      }
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#opening.cancel();
    this.#tokens.clear();
    this.#drop(this.#way);
  }

  async #ask(
    way: Way,
    method: Method,
    path: string,
    query: Query,
    namespace: string,
    signal: AbortSignal,
  ): Promise<string> {
    const { multiUser } = way.access;
    const once = async (): Promise<HttpAnswer> => {
      const token = multiUser ? await this.#token(namespace, signal) : undefined;
      try {
        return await way.send(path, query, token, signal, method);
      } catch (error) {
        if (!isCancelled(error)) this.#drop(way);
        throw error;
      }
    };
    let answer = await once();
    if (answer.status === 401 && multiUser) {
      this.#tokens.delete(namespace);
      answer = await once();
    }
    if (answer.status < 400) return answer.body;
    throw answerError(answer.status, answer.body, method === "DELETE" ? "It was not deleted." : undefined);
  }

  async #opened(signal: AbortSignal): Promise<Way> {
    if (this.#way !== undefined) return this.#way;
    if (this.#isDisposed) throw new CancelledError();
    return this.#opening.join(async (running) => {
      const way = await openWay(this.#place, running);
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
        throw missing(`You may not create tokens for ${ACCOUNT} in ${namespace}`, error, "no-token");
      if (!isApiError(error, "NotFound")) throw error;
      const why = `${namespace} has no account ${ACCOUNT}: it is not the namespace of a profile.`;
      throw new UserError("no-profile", "Pipelines need a profile.", { why, cause: error });
    }
    throw new UserError("no-token", "Pipelines were not reached.", { why: "The cluster gave no token." });
  }
}
