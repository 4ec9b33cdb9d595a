import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/log.ts";
import { Connection } from "../connection.ts";
import { Credentials } from "../credentials.ts";
import type { UserEntry } from "../kubeconfigEntries.ts";
import { type Handler, testEntry, testServer, type TestServer, until } from "../testing/testServers.ts";
import { connectPod } from "./portForward.ts";

describe("the sockets of exec and port-forward", () => {
  const signal = new AbortController().signal;
  let handler: Handler;
  let server: TestServer;
  let folder: string;
  let connection: Connection;
  let seen: (string | undefined)[];

  const connect = (user: Partial<UserEntry>): Connection => {
    const entry = testEntry(`${server.url}/behind/`, {}, user);
    const credentials = new Credentials({ entry, env: {} });
    return new Connection({
      entry,
      credentials,
      userAgent: "trainyard-test",
      log: silentLogger,
      clock: systemClock,
      env: {},
    });
  };
  const open = (): Promise<unknown> => connectPod({ connection, namespace: "team-a", pod: "bob-0", port: 80, signal });

  beforeEach(async () => {
    seen = [];
    folder = await mkdtemp(path.join(tmpdir(), "streams-"));
    server = await testServer(
      (request, response) => {
        seen.push(request.headers.authorization);
        handler(request, response);
      },
      { speaks: "http/1.1" },
    );
  });

  afterEach(async () => {
    connection.dispose();
    await server.close();
    await rm(folder, { recursive: true });
  });

  const answer =
    (status: number, body: string): Handler =>
    (_, response) =>
      void response.writeHead(status).end(body);

  it("asks as kubectl would, over a connection of its own", async () => {
    let request: Record<string, unknown> = {};
    handler = ({ url, method, headers }, response) => {
      request = { url, method, ...headers };
      response.writeHead(404).end("{}");
    };
    connection = connect({ token: "secret", impersonate: { user: "bob", groups: ["a", "b"] } });
    await assert.rejects(open(), { code: "gone" });
    assert.equal(request["url"], "/behind/api/v1/namespaces/team-a/pods/bob-0/portforward?ports=80");
    assert.deepEqual(
      [request["method"], request["upgrade"], request["authorization"], request["user-agent"], request["host"]],
      ["GET", "websocket", "Bearer secret", "trainyard-test", `127.0.0.1:${server.port}`],
    );
    assert.deepEqual([request["impersonate-user"], request["impersonate-group"]], ["bob", "a, b"]);
    assert.match(String(request["sec-websocket-protocol"]), /\bv4\.channel\.k8s\.io\b/);
    await until(() => server.sockets.size === 0, "its socket to close");
  });

  it("a 401 is answered once with fresh credentials", async () => {
    const tokenFile = path.join(folder, "token");
    await writeFile(tokenFile, "old");
    handler = ({ headers }, response) => {
      if (headers.authorization === "Bearer new") response.writeHead(403).end('{"message":"not you"}');
      else void writeFile(tokenFile, "new").then(() => response.writeHead(401).end("{}"));
    };
    connection = connect({ tokenFile });
    await assert.rejects(open(), {
      code: "no-rights",
      message: "Port 80 of bob-0 was not reached. The cluster says: not you. An administrator can allow it.",
    });
    assert.deepEqual(seen, ["Bearer old", "Bearer new"]);
  });

  it("where there are none, or they are refused as well, a sign-in is needed", async () => {
    handler = answer(401, "{}");
    connection = connect({ token: "t" });
    await assert.rejects(open(), { code: "sign-in-needed", message: /did not accept the credentials of user alice/ });
    assert.equal(seen.length, 1);
  });

  it("other answers are said in the server's words, which are kept short and plain", async () => {
    const rows: readonly (readonly [number, string, string, RegExp])[] = [
      [400, '{"message":"container x is not valid"}', "refused", /The cluster says: container x is not valid\.$/],
      // eslint-disable-next-line no-control-regex -- the point of the test
      [500, `{"message":"a\u001b[2J\\u001b[2J${"b".repeat(9000)}"}`, "refused", /^[^\u001b]{100,500}$/],
      [400, '{"message":"pod bob-0 does not have a host assigned"}', "not-ready", /a host assigned\.$/],
      [500, "pod not found (bob-0_team-a)", "not-ready", /The cluster says: pod not found/],
      [502, "<html><h1>Bad gateway</h1></html>", "not-ready", /The cluster says: Bad gateway\.$/],
      [503, "", "not-ready", /The cluster says: HTTP 503\.$/],
      [200, '{"message":{}}', "refused", /The cluster says: HTTP 200\.$/],
    ];
    connection = connect({ token: "t" });
    for (const [status, body, code, message] of rows) {
      handler = answer(status, body);
      await assert.rejects(open(), { code, message });
    }
    await until(() => server.sockets.size === 0, "the sockets to close");
  });

  it("a server that hangs up is unreachable", async () => {
    handler = () => {
      for (const socket of server.sockets) socket.destroy();
    };
    connection = connect({ token: "t" });
    await assert.rejects(open(), { code: "unreachable", message: /closed the connection/ });
  });

  it("an abort ends what is under way", async () => {
    handler = () => undefined;
    connection = connect({ token: "t" });
    const ending = new AbortController();
    const opening = connectPod({ connection, namespace: "a", pod: "b", port: 80, signal: ending.signal });
    await until(() => seen.length === 1, "the request");
    ending.abort();
    await assert.rejects(opening, { name: "CancelledError" });
    await until(() => server.sockets.size === 0, "its socket to close");
  });

  it("goes over our own connection also where the editor has patched http.request", async () => {
    // As @vscode/proxy-agent does: an agent of its own takes the place of ours, except where a socket's path is named.
    const load = createRequire(import.meta.url);
    const modules = ["node:http", "node:https"].map((name) => load(name) as { request: typeof http.request });
    const own = modules.map(({ request }) => request);
    let astray = 0;
    modules.forEach((module, i) => {
      const request = (options: http.RequestOptions): http.ClientRequest => {
        if (typeof options.socketPath !== "string") astray++;
        return (own[i] ?? http.request)(options);
      };
      Object.assign(module, { request });
    });
    try {
      handler = answer(404, '{"message":"reached"}');
      connection = connect({ token: "t" });
      await assert.rejects(open(), { message: /reached\.$/ });
      assert.equal(astray, 0);
    } finally {
      modules.forEach((module, i) => Object.assign(module, { request: own[i] }));
    }
  });
});
