import assert from "node:assert/strict";
import { isCancelled } from "../core/errors.ts";
import type { Identity } from "./credentials.ts";
import { Credentials } from "./credentials.ts";
import {
  certificate,
  testEntry,
  testServer,
  type TestServer,
  testTransport,
  textOf,
  until,
} from "./testing/testServers.ts";
import type { Transport } from "./transport.ts";

/** Signs in with a certificate, from the second request on with another text of the same one. */
class Renewed extends Credentials {
  asked = 0;

  override get(): Promise<Identity> {
    const cert = Buffer.concat([certificate("client.pem"), Buffer.from("\n".repeat(Math.min(this.asked++, 1)))]);
    return Promise.resolve({ cert, key: certificate("client.key") });
  }
}

const WATCH = { method: "GET", path: "/follow", query: { watch: true } } as const;

for (const speaks of ["h2", "http/1.1"] as const) {
  describe(`connections that take no new requests, ${speaks}`, () => {
    let server: TestServer;
    let transport: Transport;
    const endings: (() => void)[] = [];

    beforeEach(async () => {
      endings.length = 0;
      server = await testServer(
        (request, response) => {
          if (request.url?.startsWith("/follow") !== true) {
            response.end("{}");
            return;
          }
          response.write("first\n");
          endings.push(() => void response.end("last\n"));
        },
        { speaks, clientCertificates: "required" },
      );
      const entry = testEntry(server.url);
      transport = testTransport(entry, { credentials: new Renewed({ entry }) });
    });
    afterEach(async () => {
      transport.dispose();
      await server.close();
    });

    it("let what runs on them end by itself once the certificate is another, and then go", async () => {
      const old = await transport.send(WATCH);
      assert.equal(old.probed, speaks === "h2");
      assert.equal(await textOf(await transport.send({ method: "GET", path: "/" })), "{}");
      assert.deepEqual([server.handshakes(), server.sockets.size], [2, 2]);
      endings[0]?.();
      assert.equal(await textOf(old), "first\nlast\n");
      await until(() => server.sockets.size === 1, "the old connection closed");
    });

    it("end with the transport, with what runs on them", async () => {
      const old = textOf(await transport.send(WATCH));
      for (let more = 0; more < 3; more++)
        assert.equal(await textOf(await transport.send({ method: "GET", path: "/" })), "{}");
      assert.equal(server.sockets.size, 2);
      transport.dispose();
      await assert.rejects(old, isCancelled);
      await until(() => server.sockets.size === 0, "no socket left");
    });
  });
}

describe("an answer over HTTP/2", () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  it("is read whole, though its server went before it was read", async () => {
    const text = "y".repeat(100_000);
    const server = await testServer(() => undefined);
    const transport = testTransport(testEntry(server.url));
    closing.push(
      () => transport.dispose(),
      () => server.close(),
    );
    server.h2?.on("stream", (stream) => {
      const { session } = stream;
      stream.respond({ ":status": 200 });
      stream.end(text);
      stream.once("close", () => session?.close());
    });
    const response = await transport.send({ method: "GET", path: "/" });
    await until(() => server.sockets.size === 0, "the server has closed");
    // On a connection of its own: the loss of the first has been seen.
    (await transport.send({ method: "GET", path: "/" })).cancel();
    assert.equal(server.handshakes(), 2);
    assert.equal(await textOf(response), text);
  });
});
