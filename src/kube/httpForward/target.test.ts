import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { UserError } from "../../core/errors.ts";
import { ask } from "../testing/asking.ts";
import { ManualClock } from "../testing/manualClock.ts";
import { until } from "../testing/testServers.ts";
import { SECRET_HEADER } from "./gate.ts";
import { HttpForward, type HttpForwardOptions } from "./httpForward.ts";

describe("the target of a loopback forward", () => {
  const ends: (() => unknown)[] = [];
  let seen: http.IncomingMessage[];
  let target: http.Server;
  let port: number;
  let clock: ManualClock;

  beforeEach(async () => {
    seen = [];
    clock = new ManualClock();
    target = http.createServer((request, response) => {
      seen.push(request);
      response.write(`${request.method} ${request.url} `);
      request.pipe(response);
    });
    target.listen(0, "127.0.0.1");
    await once(target, "listening");
    ({ port } = target.address() as net.AddressInfo);
    ends.push(
      () => target.close(),
      () => target.closeAllConnections(),
    );
  });

  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  const connect = (): Promise<net.Socket> => Promise.resolve(net.connect(port, "127.0.0.1"));

  async function start(options: Partial<HttpForwardOptions> = {}): Promise<HttpForward> {
    const forward = await HttpForward.start({ connect, clock, ...options });
    ends.push(() => forward.dispose());
    return forward;
  }

  it("is asked for what the gateway would, with the headers that it would set", async () => {
    const forward = await start({
      rewrite: { from: "/notebook/a/b/", to: "/" },
      headers: { "x-root": "/notebook/a/b/", authorization: "token t" },
      programHeaders: { cookie: "_xsrf=1", "x-xsrftoken": "1" },
    });
    const entry = await ask(forward.port, new URL(forward.address("/")).pathname);
    const [cookie] = (entry.headers["set-cookie"]?.[0] ?? "").split(";");
    const theirs = { cookie: `_xsrf=2; ${cookie}`, authorization: "token other" };
    const secret = { [SECRET_HEADER]: forward.secret };
    assert.equal((await ask(forward.port, "/notebook/a/b/x?y=z", { headers: theirs })).text, "GET /x?y=z ");
    assert.equal((await ask(forward.port, "/other", { headers: secret })).text, "GET /other ");
    const told = seen.map(({ headers: h }) => [h["x-root"], h.authorization, h.cookie, h["x-xsrftoken"]]);
    assert.deepEqual(told, [
      ["/notebook/a/b/", "token t", "_xsrf=2", undefined],
      ["/notebook/a/b/", "token t", "_xsrf=1", "1"],
    ]);
  });

  it("is had at the port of before, and at another where that is taken", async () => {
    const first = await start();
    assert.notEqual((await start({ port: first.port })).port, first.port);
    first.dispose();
    assert.equal((await start({ port: first.port })).port, first.port);
  });

  it("is waited for while it is away, by requests and WebSockets, once it has answered", async () => {
    let isAway = true;
    let asked = 0;
    const away = new UserError("gone", "lab-0 was not reached.");
    const forward = await start({
      connect: () => {
        asked++;
        return isAway ? Promise.reject(away) : connect();
      },
    });
    target.on("upgrade", (_: http.IncomingMessage, socket: net.Socket) => {
      socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    });
    const headers = { [SECRET_HEADER]: forward.secret };
    const post = { method: "POST", body: "sent", headers };
    assert.equal((await ask(forward.port, "/", post)).status, 503);
    isAway = false;
    assert.equal((await ask(forward.port, "/", { headers })).status, 200);
    isAway = true;
    target.closeAllConnections();
    const upgrade = { ...headers, connection: "Upgrade", upgrade: "websocket" };
    const switched = once(http.get({ host: "127.0.0.1", port: forward.port, headers: upgrade }), "upgrade");
    const answers = [ask(forward.port, "/", post), ask(forward.port, "/", { headers })];
    const before = asked;
    await until(() => asked >= before + 3, "three tries");
    await clock.advance(10_000);
    isAway = false;
    await clock.advance(250);
    const told = (await Promise.all(answers)).map(({ status, text }) => [status, text]);
    assert.deepEqual(told, [
      [200, "POST / sent"],
      [200, "GET / "],
    ]);
    await switched;
    isAway = true;
    target.closeAllConnections();
    let late: number | undefined;
    void ask(forward.port, "/", post).then(({ status }) => (late = status));
    // The last one is sent no more: its minute is over.
    await until(() => {
      void clock.advance(250);
      return late !== undefined;
    }, "the end of patience");
    assert.equal(late, 503);
  });

  it("is met by a stream of its own after a sleep, and not by one that may be dead", async () => {
    let opened = 0;
    const forward = await start({
      connect: () => {
        opened++;
        return connect();
      },
    });
    const post = { method: "POST", headers: { [SECRET_HEADER]: forward.secret } };
    const statuses = async (): Promise<number[]> => [
      (await ask(forward.port, "/", post)).status,
      (await ask(forward.port, "/", post)).status,
    ];
    assert.deepEqual([await statuses(), opened], [[200, 200], 1]);
    clock.suspend(3_600_000);
    assert.deepEqual([await statuses(), opened], [[200, 200], 2]);
  });

  it("is asked by the forward's owner, who hears what stands in the way", async () => {
    const refused = new UserError("no-rights", "Port 8888 was not reached.");
    let mayConnect = false;
    const forward = await start({ connect: () => (mayConnect ? connect() : Promise.reject(refused)) });
    const { signal } = new AbortController();
    await assert.rejects(forward.ask("/api", signal), refused);
    mayConnect = true;
    assert.deepEqual(await forward.ask("/api", signal), { status: 200, text: "GET /api " });
    await assert.rejects(forward.ask("/api", AbortSignal.abort()), { name: "AbortError" });
  });
});
