import assert from "node:assert/strict";
import { turns } from "./testing/manualClock.ts";
import {
  failure,
  testEntry,
  testProxy,
  testServer,
  type TestProxy,
  type TestServer,
  testTransport,
  textOf,
} from "./testing/testServers.ts";
import type { Transport } from "./transport.ts";

/** After a rest the answer has a fifth of the time: 400 ms. */
const TIMING = { quietMs: 12_000, answerMs: 2_000 };

describe("an HTTP/2 session that died while nobody used it", () => {
  const now = Date.now.bind(Date);
  let seen: (string | undefined)[];
  let server: TestServer;
  let proxy: TestProxy;
  let transport: Transport;

  beforeEach(async () => {
    seen = [];
    server = await testServer((request, response) => {
      seen.push(request.method);
      response.end("{}");
    });
    proxy = await testProxy(server.port);
    transport = testTransport(testEntry(server.url, { proxyUrl: proxy.url }), { timing: TIMING });
    await textOf(await transport.send({ method: "POST", path: "/", body: {} }));
    // Until its stream is closed, and the session rests.
    await turns(10);
    proxy.freeze();
    Date.now = () => now() + 60_000;
    seen = [];
  });
  afterEach(async () => {
    Date.now = now;
    transport.dispose();
    await proxy.close();
    await server.close();
  });

  it("is not noticed by a read, which is sent once more on another", async () => {
    const sent = performance.now();
    assert.equal(await textOf(await transport.send({ method: "GET", path: "/" })), "{}");
    assert.ok(performance.now() - sent < 1_900);
    assert.deepEqual([seen, server.handshakes()], [["GET"], 2]);
  });

  it("has its usual time to answer a write, which is not sent again", async () => {
    const sent = performance.now();
    const write = transport.send({ method: "POST", path: "/", body: {} });
    await assert.rejects(write, failure("unreachable", /no answer from 127\.0\.0\.1:\d+ within 2 s/));
    assert.ok(performance.now() - sent > 1_990);
    assert.deepEqual(seen, []);
    assert.equal((await transport.send({ method: "POST", path: "/", body: {} })).status, 200);
    assert.deepEqual([seen, server.handshakes()], [["POST"], 2]);
  });
});
