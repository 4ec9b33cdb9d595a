import type { IncomingMessage } from "node:http";
import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { type Gateway, type GatewaySession, signedOut } from "../kubeflow/gateway/gateways.ts";
import { type HttpRequest, PodHttp } from "./podHttp.ts";

/** HTTP to the gateway of a cluster's Kubeflow, as whoever has signed in there; the gateway says to its servers who that is. */
export class GatewayHttp implements Disposable {
  readonly #gateway: Gateway;
  readonly #clock: Clock;
  #http: PodHttp | undefined;
  #origin = "";

  constructor(gateway: Gateway, clock: Clock) {
    this.#gateway = gateway;
    this.#clock = clock;
  }

  /**
   * As `PodHttp.ask`. A session that is over is made anew once; what met it was not done. Rejects with UserError `signed-out`
   * where that does not help, else as `Gateway.session` and `PodHttp.ask` do.
   */
  async ask<T>(request: HttpRequest, read: (response: IncomingMessage) => Promise<T>, signal: AbortSignal): Promise<T> {
    let over: GatewaySession | undefined;
    for (;;) {
      const session = await this.#gateway.session(over, signal);
      const { origin, cookie } = session;
      const headers = { ...request.headers, host: origin.host, ...(cookie === "" ? {} : { cookie }) };
      const readUnlessOut = async (response: IncomingMessage): Promise<T | typeof SIGNED_OUT> => {
        if (!asksWhoYouAre(response)) return read(response);
        response.resume();
        return SIGNED_OUT;
      };
      const answer = await this.#to(origin).ask({ ...request, headers }, readUnlessOut, signal);
      if (answer !== SIGNED_OUT) return answer;
      if (over !== undefined) throw signedOut(`${origin.host} asks again who you are.`);
      over = session;
    }
  }

  dispose(): void {
    this.#http?.dispose();
  }

  #to(origin: URL): PodHttp {
    if (this.#http !== undefined && this.#origin === origin.href) return this.#http;
    this.#http?.dispose();
    this.#origin = origin.href;
    return (this.#http = new PodHttp((ending) => this.#gateway.open(origin, ending), this.#clock, "gateway"));
  }
}

const SIGNED_OUT = Symbol("signed out");

/** What oauth2-proxy and Istio answer for nobody: to a browser their page or a way to it, to a program a 401. */
function asksWhoYouAre({ statusCode = 0, headers }: IncomingMessage): boolean {
  const isPage = /^text\/html/i.test(headers["content-type"] ?? "");
  return statusCode === 401 || (statusCode >= 300 && statusCode < 400) || (statusCode === 403 && isPage);
}
