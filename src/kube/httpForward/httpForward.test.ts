import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import { UserError } from "../../core/errors.ts";
import { ask } from "../testing/asking.ts";
import { until } from "../testing/testServers.ts";
import { ManualClock } from "../testing/manualClock.ts";
import { SECRET_HEADER } from "./gate.ts";
import { HttpForward, type HttpForwardOptions } from "./httpForward.ts";

describe("the loopback forward", () => {
  const ends: (() => unknown)[] = [];
  let seen: http.IncomingMessage[];
  let streams: Set<net.Socket>;
  let opened: number;
  let target: http.Server;
  let clock: ManualClock;
  let forward: HttpForward;

  /** Answers `handler` behind a forward; each stream is a TCP connection here. */
  async function start(handler: http.RequestListener, more: Partial<HttpForwardOptions> = {}): Promise<void> {
    target = http.createServer((request, response) => {
      seen.push(request);
      handler(request, response);
    });
    target.listen(0, "127.0.0.1");
    await once(target, "listening");
    const { port } = target.address() as net.AddressInfo;
    const connect = async (signal: AbortSignal): Promise<Duplex> => {
      opened++;
      const socket = net.connect(port, "127.0.0.1");
      await once(socket, "connect");
      streams.add(socket);
      socket.once("close", () => streams.delete(socket));
      signal.addEventListener("abort", () => socket.destroy());
      return socket;
    };
    forward = await HttpForward.start({ connect, clock, ...more });
    ends.push(
      () => forward.dispose(),
      () => target.close(),
      () => target.closeAllConnections(),
    );
  }

  const echo: http.RequestListener = (request, response) => void response.end(`${request.method} ${request.url}`);

  /** Enters as the browser that was sent there; returns the cookie. */
  async function enter(path = "/"): Promise<string> {
    const { pathname } = new URL(forward.address(path));
    const { headers } = await ask(forward.port, pathname);
    return (headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
  }

  beforeEach(() => {
    seen = [];
    streams = new Set();
    opened = 0;
    clock = new ManualClock();
  });

  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  it("lets in who opens the address, once, and leads on to the path with a strict cookie", async () => {
    await start(echo);
    const address = new URL(forward.address("/notebook/team-a/bob/lab?reset=1#cell"));
    assert.equal(address.hostname, "127.0.0.1");
    const { status, headers } = await ask(forward.port, address.pathname);
    assert.equal(status, 200);
    assert.equal(headers["refresh"], "0; url=/notebook/team-a/bob/lab?reset=1#cell");
    assert.match(
      headers["set-cookie"]?.[0] ?? "",
      /^trainyard-forward-\w+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    assert.deepEqual([headers["cache-control"], headers["referrer-policy"]], ["no-store", "no-referrer"]);
    assert.equal((await ask(forward.port, address.pathname)).status, 403);
    const cookie = (headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
    assert.equal((await ask(forward.port, "/notebook/a", { headers: { cookie } })).text, "GET /notebook/a");
    assert.equal(seen.length, 1);
  });

  it("an address that nobody opened in five minutes is worth nothing, nor is one that was only looked at", async () => {
    await start(echo);
    const { pathname } = new URL(forward.address("/"));
    assert.equal((await ask(forward.port, pathname, { method: "HEAD" })).status, 403);
    assert.equal((await ask(forward.port, pathname, { method: "POST" })).status, 403);
    await clock.advance(300_000);
    assert.equal((await ask(forward.port, pathname)).status, 403);
  });

  it("the address never leads to another site", async () => {
    await start(echo);
    for (const path of ["//evil.example/x", "https://evil.example/x", "/\\evil.example"]) {
      const { pathname } = new URL(forward.address(path));
      const { headers } = await ask(forward.port, pathname);
      assert.match(String(headers["refresh"]), /^0; url=\/(?![/\\])/, path);
    }
  });

  it("refuses whoever shows no cookie, another forward's, or a wrong one, and opens nothing for them", async () => {
    await start(echo);
    const cookie = await enter();
    const [name = ""] = cookie.split("=");
    for (const shown of [
      undefined,
      "a=b",
      `${name}=`,
      `${name}=wrong`,
      cookie.replace(name, "trainyard-forward-other"),
    ]) {
      const { status, text } = await ask(forward.port, "/", { headers: shown === undefined ? {} : { cookie: shown } });
      assert.equal(status, 403, shown);
      assert.match(text, /^Open this from Visual Studio Code/);
    }
    assert.equal(opened, 0);
  });

  it("takes the secret of a client that is no browser", async () => {
    await start(echo);
    const { status } = await ask(forward.port, "/api", { headers: { [SECRET_HEADER]: forward.secret } });
    assert.equal(status, 200);
    assert.equal(seen[0]?.headers[SECRET_HEADER], undefined);
    assert.equal((await ask(forward.port, "/api", { headers: { [SECRET_HEADER]: "x" } })).status, 403);
  });

  it("refuses names that somebody else points at this computer, whatever cookie comes with them", async () => {
    await start(echo);
    const cookie = await enter();
    for (const host of [
      "evil.example",
      `evil.example:${forward.port}`,
      "127.0.0.1",
      "127.0.0.1:1",
      `0.0.0.0:${forward.port}`,
    ])
      assert.equal((await ask(forward.port, "/", { headers: { host, cookie } })).status, 421, host);
    assert.equal(
      (await ask(forward.port, "/", { headers: { host: `LOCALHOST:${forward.port}`, cookie } })).status,
      200,
    );
    forward.allowHost("name-1234.tunnel.example");
    assert.equal((await ask(forward.port, "/", { headers: { host: "name-1234.tunnel.example", cookie } })).status, 200);
    assert.equal(seen.at(-1)?.headers.host, "name-1234.tunnel.example");
  });

  it("refuses what the pages of other ports ask for, though their browser adds the cookie", async () => {
    await start(echo);
    const cookie = await enter();
    const own = `http://127.0.0.1:${forward.port}`;
    const rows: readonly (readonly [http.OutgoingHttpHeaders, number])[] = [
      [{ origin: "http://127.0.0.1:1" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: own }, 200],
      [{ "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" }, 403],
      [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }, 403],
      [{ "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, 200],
      [{ "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }, 200],
      [{ "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, 200],
    ];
    for (const [headers, expected] of rows) {
      const { status, headers: said } = await ask(forward.port, "/", { headers: { ...headers, cookie } });
      assert.equal(status, expected, JSON.stringify(headers));
      assert.equal(said["access-control-allow-origin"], undefined);
    }
  });

  it("refuses paths that climb, and targets that are no path", async () => {
    await start(echo);
    const headers = { [SECRET_HEADER]: forward.secret };
    const bad = [
      "/..",
      "/a/../b",
      "/a/%2e%2e/b",
      "/a/..%2fb",
      "/a/..%5cb",
      "/a\\..\\b",
      "/..;/a",
      "/%zz",
      "/%00",
      "//evil/x",
      "http://evil/x",
      "*",
    ];
    for (const path of bad) assert.equal((await ask(forward.port, path, { headers })).status, 400, path);
    for (const path of ["/a..b/...", "/a?next=../x", "/api/contents/a%2Fb%20c"])
      assert.equal((await ask(forward.port, path, { headers })).text, `GET ${path}`);
  });

  it("passes on everything but its own cookies and what concerns one connection", async () => {
    await start((_, response) => {
      response.writeHead(207, "Odd", [
        "Set-Cookie",
        "a=1",
        "Set-Cookie",
        "trainyard-forward-x=1",
        "X-Two",
        "1",
        "X-Two",
        "2",
        "Keep-Alive",
        "timeout=9",
      ]);
      response.end("body");
    });
    const cookie = `_xsrf=2|a; ${await enter()}; trainyard-forward-other=1; plain`;
    const headers = {
      cookie,
      "x-kept": "é",
      "x-gone": "1",
      connection: "X-Gone",
      te: "trailers",
      authorization: "token t",
    };
    const answer = await ask(forward.port, "/", { method: "PUT", headers, body: Buffer.from("sent") });
    const told = seen[0]?.headers ?? {};
    assert.equal(told.cookie, "_xsrf=2|a; plain");
    assert.deepEqual(
      [told["x-kept"], told["x-gone"], told["te"], told.authorization],
      ["é", undefined, undefined, "token t"],
    );
    assert.equal(told.host, `127.0.0.1:${forward.port}`);
    assert.deepEqual([answer.status, answer.text, answer.headers["set-cookie"]], [207, "body", ["a=1"]]);
    assert.deepEqual(
      answer.raw.filter((_, i, all) => all[i - 1] === "X-Two"),
      ["1", "2"],
    );
  });

  it("takes only the target's own host out of a redirection", async () => {
    const to = ["http://localhost:8888/lab?a=b#c", "http://other:8888/x", "/tree", "https://login.example/"];
    await start(
      (request, response) => void response.writeHead(302, { location: to[Number(request.url?.slice(1))] }).end(),
      {
        ownHosts: ["localhost:8888"],
      },
    );
    const headers = { [SECRET_HEADER]: forward.secret };
    const answers = await Promise.all(to.map((_, i) => ask(forward.port, `/${i}`, { headers })));
    assert.deepEqual(
      answers.map((answer) => answer.headers.location),
      ["/lab?a=b#c", ...to.slice(1)],
    );
  });

  it("streams large bodies both ways without change, also such of unknown length", async () => {
    await start((request, response) => void request.pipe(response));
    const body = Buffer.alloc(5_000_000, "0123456789");
    for (const headers of [{ "content-length": "5000000" }, { "transfer-encoding": "chunked" }])
      for (const method of ["POST", "DELETE"]) {
        const answer = await ask(forward.port, "/", {
          method,
          body,
          headers: { [SECRET_HEADER]: forward.secret, ...headers },
        });
        assert.ok(answer.text === body.toString(), `${method} ${JSON.stringify(headers)}`);
      }
  });

  it("uses its streams again, and ends them when nobody has asked for a while", async () => {
    await start(echo, { idleMs: 60_000 });
    const headers = { [SECRET_HEADER]: forward.secret };
    for (let i = 0; i < 5; i++) await ask(forward.port, `/${i}`, { headers });
    assert.equal(opened, 1);
    await clock.advance(59_000);
    await ask(forward.port, "/again", { headers });
    await clock.advance(59_000);
    assert.equal(streams.size, 1);
    await clock.advance(1_000);
    await until(() => streams.size === 0, "the stream to end");
    assert.equal((await ask(forward.port, "/later", { headers })).status, 200);
    assert.equal(opened, 2);
  });

  it("asks again on a new stream where a kept one had ended meanwhile, and only what may be asked twice", async () => {
    let cut = 0;
    await start((request, response) => {
      if (request.url === "/first" || cut > 0) response.end("answered");
      else {
        cut++;
        request.socket.resetAndDestroy();
      }
    });
    const headers = { [SECRET_HEADER]: forward.secret };
    await ask(forward.port, "/first", { headers });
    assert.equal((await ask(forward.port, "/second", { headers })).text, "answered");
    assert.deepEqual([opened, cut], [2, 1]);
    cut = 0;
    assert.equal((await ask(forward.port, "/third", { method: "POST", body: "x", headers })).status, 502);
    cut = 0;
    await ask(forward.port, "/first", { headers });
    assert.equal((await ask(forward.port, "/fourth", { method: "POST", headers })).status, 502);
  });

  it("says in a sentence why the target was not reached", async () => {
    const failing = new UserError("port-closed", "Port 8888 of bob-0 was not reached.\u001b[2J", {
      why: "Nothing listens.",
    });
    await start(echo, { connect: () => Promise.reject(failing) });
    const { status, text, headers } = await ask(forward.port, "/", { headers: { [SECRET_HEADER]: forward.secret } });
    assert.deepEqual([status, text], [503, "Port 8888 of bob-0 was not reached. Nothing listens.\n"]);
    assert.equal(headers["content-type"], "text/plain; charset=utf-8");
  });

  it("asks its client to come again only where time or a person may help, and nothing was done", async () => {
    let code = "";
    await start(echo, { connect: () => Promise.reject(new UserError(code, "Port 8888 of bob-0 was not reached.")) });
    const headers = { [SECRET_HEADER]: forward.secret };
    const told: unknown[] = [];
    for (code of ["gone", "sign-in-needed", "no-rights"]) {
      const read = await ask(forward.port, "/", { headers });
      const write = await ask(forward.port, "/", { method: "POST", body: "x", headers });
      told.push([read.status, write.status]);
    }
    assert.deepEqual(told, [
      [503, 503],
      [503, 502],
      [502, 502],
    ]);
  });

  it("half an answer stays half an answer", async () => {
    await start((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setImmediate(() => request.socket.destroy());
    });
    await assert.rejects(ask(forward.port, "/", { headers: { [SECRET_HEADER]: forward.secret } }), {
      code: "ECONNRESET",
    });
  });

  it("a browser that goes away ends what it had asked for", async () => {
    await start((_, response) => void response.writeHead(200).write("endless"));
    const request = http.get({ host: "127.0.0.1", port: forward.port, headers: { [SECRET_HEADER]: forward.secret } });
    await once(request, "response");
    assert.equal(streams.size, 1);
    request.on("error", () => undefined);
    request.destroy();
    await until(() => streams.size === 0, "the stream to end");
  });

  it("passes WebSockets on under the same rules, and ends both ends together", async () => {
    await start(echo);
    target.on("upgrade", (request: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
      seen.push(request);
      if (request.url === "/no") {
        socket.end("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno");
        return;
      }
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Own: 1\r\n\r\nhi ",
      );
      socket.write(head);
      socket.pipe(socket);
    });
    const cookie = await enter();
    const upgrade = { connection: "Upgrade", upgrade: "websocket" };
    const refused: readonly http.OutgoingHttpHeaders[] = [
      upgrade,
      { ...upgrade, cookie, origin: "http://127.0.0.1:1" },
      { ...upgrade, cookie, host: "evil.example" },
    ];
    for (const headers of refused) assert.equal((await ask(forward.port, "/ws", { headers })).status, 403);
    assert.equal((await ask(forward.port, "/ws", { headers: { ...upgrade, upgrade: "h2c", cookie } })).status, 400);
    assert.equal(opened, 0);
    const no = await ask(forward.port, "/no", { headers: { ...upgrade, cookie } });
    assert.deepEqual([no.status, no.text], [409, "no"]);

    const request = http.get({ host: "127.0.0.1", port: forward.port, path: "/ws", headers: { ...upgrade, cookie } });
    const [answer, socket, head] = (await once(request, "upgrade")) as [http.IncomingMessage, net.Socket, Buffer];
    assert.deepEqual([answer.headers["x-own"], answer.headers.upgrade], ["1", "websocket"]);
    assert.equal(seen.at(-1)?.headers.cookie, undefined);
    let heard = head.toString();
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    socket.write("there");
    await until(() => heard === "hi there", "the echo");
    forward.dispose();
    await once(socket, "close");
    await until(() => streams.size === 0, "the stream to end");
  });

  it("ends everything with its owner", async () => {
    await start((_, response) => void response.writeHead(200).write("endless"));
    const request = http.get({ host: "127.0.0.1", port: forward.port, headers: { [SECRET_HEADER]: forward.secret } });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const failure = once(response, "error");
    forward.dispose();
    assert.match(String((await failure)[0]), /aborted/);
    await until(() => streams.size === 0, "the stream to end");
    await assert.rejects(ask(forward.port, "/"), { code: "ECONNREFUSED" });
  });
});
