import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../core/clock.ts";
import { isCancelled } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import { canI, whoAmI } from "./access.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { ConnectError } from "./errors.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { certificate, type Handler, testServer, type TestServer, until } from "./testing/testServers.ts";

const VERSION = { gitVersion: "v1.36.4", major: "1", minor: "36", platform: "linux/amd64" };

describe("connections", () => {
  let folder = "";
  let file = "";
  let api: TestServer;
  let connections: Connections;
  let handler: Handler;
  let loads = 0;
  const asked: string[] = [];

  const config = (server: string, token = "t"): string => `
current-context: a
clusters:
- {name: c, cluster: {server: "${server}", certificate-authority-data: ${certificate("ca.pem").toString("base64")}}}
users:
- {name: u, user: {token: ${token}}}
contexts:
- {name: a, context: {cluster: c, user: u}}
- {name: b, context: {cluster: c, user: u, namespace: other}}
- {name: broken, context: {cluster: none, user: u}}
`;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "connections-"));
    file = path.join(folder, "config");
    loads = 0;
    asked.length = 0;
    handler = (_, response) => void response.end(JSON.stringify(VERSION));
    api = await testServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      handler(request, response);
    });
    await writeFile(file, config(api.url));
    connections = new Connections({
      load: () => {
        loads++;
        return loadKubeconfig({ paths: [file], env: {}, home: folder, platform: process.platform });
      },
      userAgent: "test",
      log: silentLogger,
      clock: systemClock,
      proxyOverride: () => undefined,
      env: {},
    });
  });
  afterEach(async () => {
    connections.dispose();
    await api.close();
    await rm(folder, { recursive: true });
  });

  it("reads nothing before it is asked and calls no cluster before somebody looks", async () => {
    assert.deepEqual(connections.contexts(), []);
    assert.throws(() => connections.get("a"), ConnectError);
    assert.equal(loads, 0);
    await Promise.all([connections.load(), connections.load()]);
    assert.equal(loads, 1);
    assert.deepEqual(
      connections.contexts().map(({ name }) => name),
      ["a", "b", "broken"],
    );
    const connection = connections.get("a");
    assert.equal(connections.get("a"), connection);
    assert.equal(connection.state.kind, "not-connected");
    assert.throws(() => connections.get("broken"), /names the cluster none/);
    assert.deepEqual([asked, api.handshakes()], [[], 0]);
  });

  it("connects when asked, once for all who ask, and tells its states", async () => {
    await connections.load();
    const connection = connections.get("a");
    const states: string[] = [];
    connection.onDidChangeState(({ kind }) => states.push(kind));
    const versions = await Promise.all([connection.connect(), connection.connect()]);
    assert.equal(versions[1].gitVersion, "v1.36.4");
    assert.deepEqual(asked, ["GET /version"]);
    assert.deepEqual(states, ["connecting", "live"]);
  });

  it("fails with the reason, does nothing more by itself, and lives again after a retry", async () => {
    await connections.load();
    const connection = connections.get("a");
    handler = (_, response) => {
      response.writeHead(503);
      response.end(JSON.stringify({ kind: "Status", message: "etcd is being built", reason: "ServiceUnavailable" }));
    };
    await assert.rejects(connection.connect(), /etcd is being built/);
    assert.equal(reason(connection), "etcd is being built");
    handler = (_, response) => void response.end("<html>");
    await assert.rejects(connection.connect());
    handler = (_, response) => void response.end("{}");
    await assert.rejects(connection.connect(), /not as a Kubernetes API server does/);
    assert.equal(asked.length, 3);
    handler = (_, response) => void response.end(JSON.stringify(VERSION));
    connection.credentials.unblock();
    await connection.connect();
    assert.equal(connection.state.kind, "live");
    for (const socket of api.sockets) socket.destroy();
    await api.close();
    await assert.rejects(connection.client.json({ method: "GET", path: "/x" }), ConnectError);
    assert.match(reason(connection), /nothing listens|closed the connection/);
  });

  it("goes back to where it was when the person stops waiting", async () => {
    await connections.load();
    const connection = connections.get("a");
    handler = () => undefined;
    const abort = new AbortController();
    const connecting = connection.connect(abort.signal);
    await until(() => asked.length === 1, "asked");
    abort.abort();
    await assert.rejects(connecting, isCancelled);
    await until(() => connection.state.kind === "not-connected", "as before");
  });

  it("keeps a connection whose cluster and user are unchanged and ends the others when the file changes", async () => {
    await connections.load();
    const [a, b] = [connections.get("a"), connections.get("b")];
    await Promise.all([a.connect(), b.connect()]);
    assert.equal(a.credentials, b.credentials, "one sign-in for both");
    assert.equal(api.sockets.size, 2);
    await writeFile(
      file,
      config(api.url)
        .replace("namespace: other", "namespace: third")
        .replace("users:", '- {name: c2, cluster: {server: "https://other.test"}}\nusers:')
        .replace("{name: b, context: {cluster: c,", "{name: b, context: {cluster: c2,")
        .replace("current-context: a", "current-context: b"),
    );
    await connections.reload();
    assert.equal(connections.get("a"), a);
    assert.equal(a.context.isCurrent, false);
    assert.notEqual(connections.get("b"), b);
    await until(() => api.sockets.size === 1, "b's socket closed");
    await assert.rejects(b.connect(), isCancelled);
    await a.connect();
    assert.equal(api.handshakes(), 2);
  });

  it("notices by itself that a file was replaced or removed", async () => {
    await connections.load();
    let fired = 0;
    connections.onDidChange(() => fired++);
    await writeFile(file, "contexts: []");
    await until(() => fired === 1, "change");
    assert.deepEqual(connections.contexts(), []);
    await rm(file);
    await until(() => fired === 2, "removal");
    assert.match(connections.problems[0]?.message ?? "", /does not exist/);
    assert.equal(loads, 3);
  });

  it("closes everything", async () => {
    await connections.load();
    await connections.get("a").connect();
    assert.equal(api.sockets.size, 1);
    connections.dispose();
    await until(() => api.sockets.size === 0, "sockets closed");
    await until(() => !process.getActiveResourcesInfo().some((kind) => kind.startsWith("FSEvent")), "no file watch");
  });

  it("asks the server what the person may do and who they are", async () => {
    await connections.load();
    const { client } = connections.get("a");
    const may = async (status: unknown, code = 201): Promise<string> => {
      handler = (_, response) => {
        response.writeHead(code);
        response.end(JSON.stringify({ status }));
      };
      return canI(client, { verb: "create", group: "kubeflow.org", resource: "pytorchjobs", namespace: "team-a" });
    };
    assert.equal(await may({ allowed: true }), "yes");
    assert.equal(await may({ allowed: false }), "no");
    assert.equal(await may({ allowed: false, denied: true, evaluationError: "x" }), "no");
    assert.equal(await may({ allowed: false, evaluationError: "webhook down" }), "unknown");
    assert.equal(await may("Failure", 403), "unknown");
    assert.equal(asked[0], "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    handler = (_, response) => void response.end(JSON.stringify({ status: { userInfo: { username: "ann@x.test" } } }));
    assert.equal(await whoAmI(client), "ann@x.test");
    handler = (_, response) => void response.writeHead(404).end("{}");
    assert.equal(await whoAmI(client), undefined);
  });
});

function reason({ state }: Connection): string {
  return state.kind === "failed" ? state.error.message : state.kind;
}
