import type { Disposable } from "../core/dispose.ts";

/** One call to an API server. `path` starts with `/` and is already encoded; names in it were validated. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON value to send, or bytes as they are. */
  readonly body?: unknown;
  /** Content type of the body; `application/json` where it is left out. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the response headers must have come. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface KubeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body as it arrives. Leaving the loop early ends the request. */
  readonly body: AsyncIterable<Buffer>;
  /** True where the connection is asked whether it lives: `body` fails soon after its other end has gone, however quiet. */
  readonly probed?: boolean;
  /** Ends the request now, whatever has arrived. Harmless afterwards. */
  cancel(): void;
}

/**
 * Authenticated requests to one cluster as one user, over as few connections as possible.
 * `send` resolves with any HTTP status once the headers are there; a status of 401 has already been answered with
 * fresh credentials once. It rejects with a ConnectError (kube/errors.ts) where no response came, with
 * CancelledError where the signal aborted or the transport was disposed.
 */
export interface Transport extends Disposable {
  send(request: KubeRequest): Promise<KubeResponse>;
}
