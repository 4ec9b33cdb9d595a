// As much of ws 8 as is used here; its own types are a package of their own.
declare module "ws" {
  import type { EventEmitter } from "node:events";
  import type { ClientRequest, IncomingMessage } from "node:http";
  import type { Duplex } from "node:stream";

  class WebSocket extends EventEmitter {
    constructor(address: string, protocols: readonly string[], options: WebSocket.ClientOptions);
    readonly readyState: 0 | 1 | 2 | 3;
    on(event: "unexpected-response", listener: (request: ClientRequest, response: IncomingMessage) => void): this;
    on(event: "close", listener: (code: number) => void): this;
    on(event: "message" | "pong", listener: () => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    ping(): void;
    pause(): void;
    resume(): void;
    terminate(): void;
  }

  namespace WebSocket {
    export interface ClientOptions {
      readonly createConnection?: () => Duplex;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly perMessageDeflate?: boolean;
      readonly handshakeTimeout?: number;
    }
    export { WebSocket };
  }

  export = WebSocket;
}
