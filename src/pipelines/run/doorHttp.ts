import type { IncomingMessage } from "node:http";
import type { Disposable } from "../../core/dispose.ts";
import { CancelledError, isCancelled } from "../../core/errors.ts";
import { SingleFlight } from "../../kube/singleFlight.ts";
import { GatewayHttp } from "../gatewayHttp.ts";
import { type HttpRequest, PodHttp } from "../podHttp.ts";
import { type Door, readyPod, type ServerPlace } from "../waysIn.ts";

type Http = Pick<PodHttp, "ask" | "dispose">;

/**
 * HTTP to whatever pod is behind a Service, by port-forward, or by the gateway where a person has signed in there. Asks
 * nothing before the first call.
 */
export class DoorHttp implements Disposable {
  readonly #place: ServerPlace;
  readonly #door: Door;
  readonly #who: string;
  readonly #opening = new SingleFlight<Http>();
  #http: Http | undefined;
  #isDisposed = false;

  /** @param who answers there, as it stands in a sentence after «The» */
  constructor(place: ServerPlace, door: Door, who: string) {
    this.#place = place;
    this.#door = door;
    this.#who = who;
  }

  /**
   * `read` gets an answer of any status. Rejects with what it rejects with, with UserError `no-server`, `no-ready-pod` or
   * `no-rights`, with ConnectError or CancelledError.
   */
  async ask<T>(request: HttpRequest, read: (response: IncomingMessage) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const known = this.#http;
      const http = known ?? (await this.#open(signal));
      const answer = { hasBegun: false };
      try {
        return await http.ask(
          request,
          (response) => {
            answer.hasBegun = true;
            return read(response);
          },
          signal,
        );
      } catch (error) {
        if (answer.hasBegun || isCancelled(error)) throw error;
        http.dispose();
        if (this.#http === http) this.#http = undefined;
        // Where the way broke, its pod may be gone, and another have its place.
        if (known === undefined) throw error;
      }
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#opening.cancel();
    this.#http?.dispose();
  }

  #open(signal: AbortSignal): Promise<Http> {
    if (this.#isDisposed) throw new CancelledError();
    return this.#opening.join(async (running) => {
      const { client, connect, clock, gateway } = this.#place;
      const { behindGateway } = this.#door;
      if (behindGateway !== undefined && gateway !== undefined && (await gateway.origin()) !== undefined) {
        const http = new GatewayHttp(gateway, clock);
        const ask: Http["ask"] = (request, read, asking) =>
          http.ask({ ...request, path: `${behindGateway}${request.path}` }, read, asking);
        return (this.#http = { ask, dispose: () => http.dispose() });
      }
      const { pod, port } = await readyPod(client, this.#door, running);
      if (running.aborted) throw new CancelledError();
      const { namespace } = this.#door;
      return (this.#http = new PodHttp((ending) => connect(pod, port, ending, namespace), clock, this.#who));
    }, signal);
  }
}
