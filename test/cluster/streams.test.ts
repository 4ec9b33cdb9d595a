import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import type { Duplex } from "node:stream";
import type { Connection } from "../../src/kube/connection.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { connectPod, HttpForward, openShell, type Shell } from "../../src/kube/streams/index.ts";
import { testProxy } from "../../src/kube/testing/testServers.ts";
import { until } from "../editor/until.ts";
import { FaultProxy } from "./faultProxy.ts";
import { bendKubeconfig, Cleanup, find, kubeconfigOf, makeNamespace, openRig, PYTHON, serverOf } from "./support.ts";

const POD: ResourceKind = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const SIZE = 20_000_000;
const PATTERN = Buffer.from(Array.from({ length: 251 }, (_, i) => i));

/** On 8001 large answers; on 8888 the server of the notebook tests, which has a WebSocket. */
const SERVER = `
import http.server, os, threading
class Large(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (bytes(range(251)) * ${Math.ceil(SIZE / 251)})[:${SIZE}] if self.path == "/large" else self.path.encode()
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        while self.path == "/endless":
            self.wfile.write(bytes(65536))
large = http.server.ThreadingHTTPServer(("", 8001), Large)
threading.Thread(target=large.serve_forever, daemon=True).start()
os.environ["NB_PREFIX"] = ""
`;
const WITHOUT = (...files: string[]): string =>
  `import os, time\n[os.remove(file) for file in ${JSON.stringify(files)}]\nprint("ready", flush=True)\ntime.sleep(3600)`;

interface PodStatus extends KubeObject {
  readonly status?: { readonly containerStatuses?: readonly { readonly ready: boolean }[] };
}

describe("streams to pods", () => {
  const cleanup = new Cleanup();
  /** What a test opens ends with it. */
  let ending: AbortController;
  let proxy: FaultProxy;
  let connection: Connection;
  let namespace: string;

  before(async function () {
    this.timeout(120_000);
    proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    cleanup.add(() => proxy.stop());
    const rig = await openRig(
      cleanup,
      await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => (cluster["server"] = proxy.address)),
    );
    connection = rig.engine.cluster(rig.context).connection;
    namespace = await makeNamespace(cleanup, connection.client, "streams");
    const server = fs.readFileSync(path.join(import.meta.dirname, "notebookServer.py"), "utf8");
    await Promise.all([
      startPod("server", SERVER + server),
      startPod("no-bash", WITHOUT("/bin/bash")),
      startPod("no-shell", WITHOUT("/bin/bash", "/bin/sh")),
    ]);
    await until(
      "the server",
      () => forward(8001).then((one) => ask(one, "/").catch(() => undefined)),
      (answer) => answer?.status === 200,
    );
  });

  beforeEach(() => {
    ending = new AbortController();
  });

  afterEach(() => ending.abort());

  after(() => cleanup.run());

  async function startPod(name: string, script: string): Promise<void> {
    const containers = [{ name: "main", image: PYTHON, command: ["python3", "-c", script] }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace } };
    await connection.client.create<KubeObject>(POD, {
      ...pod,
      ...{ spec: { terminationGracePeriodSeconds: 0, containers } },
    });
    await until(
      name,
      () => find<PodStatus>(connection.client, POD, name, namespace),
      (found) => found?.status?.containerStatuses?.[0]?.ready === true,
      60_000,
    );
  }

  async function forward(port: number, over = connection): Promise<HttpForward> {
    const connect = (signal: AbortSignal): Promise<Duplex> =>
      connectPod({ connection: over, namespace, pod: "server", port, signal });
    const started = await HttpForward.start({ connect });
    cleanup.add(() => started.dispose());
    return started;
  }

  async function ask(through: HttpForward, at: string): Promise<{ status: number; body: Buffer }> {
    const headers = { "x-trainyard-secret": through.secret };
    const request = http.get({ host: "127.0.0.1", port: through.port, path: at, headers });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
  }

  /** A shell with what it has written so far. */
  async function shellIn(pod: string, container = "main", over = connection): Promise<Shell & { seen: () => string }> {
    let seen = "";
    const shell = await openShell({
      connection: over,
      namespace,
      pod,
      container,
      size: { columns: 100, rows: 30 },
      onOutput: (text) => (seen += text),
      signal: ending.signal,
    });
    return Object.assign(shell, { seen: () => seen });
  }

  const says = (shell: { seen: () => string }, pattern: RegExp): Promise<string> =>
    until(
      String(pattern),
      () => Promise.resolve(shell.seen()),
      (text) => pattern.test(text),
    );

  it("a download of 20 MB arrives as it was sent", async () => {
    const { body } = await ask(await forward(8001), "/large");
    const expected = createHash("sha256").update(Buffer.alloc(SIZE, PATTERN)).digest("hex");
    assert.equal(createHash("sha256").update(body).digest("hex"), expected);
  });

  it("twenty requests at once are answered, each with its own", async () => {
    const through = await forward(8001);
    const paths = Array.from({ length: 20 }, (_, i) => `/request-${i}`);
    const answers = await Promise.all(paths.map((one) => ask(through, one)));
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      paths,
    );
  });

  it("a WebSocket behind the forward says back what it was told", async () => {
    const through = await forward(8888);
    const headers = { "x-trainyard-secret": through.secret };
    const socket = new WebSocket(`ws://127.0.0.1:${through.port}/echo`, { headers });
    await once(socket, "open");
    for (const text of ["first", "é".repeat(40_000)]) {
      const answered = once(socket, "message") as Promise<[MessageEvent]>;
      socket.send(text);
      assert.equal((await answered)[0].data, text);
    }
    socket.close();
    await once(socket, "close");
  });

  it("what nobody reads stays in the cluster", async () => {
    const { signal } = ending;
    const stream = await connectPod({ connection, namespace, pod: "server", port: 8001, signal });
    stream.on("error", () => undefined);
    stream.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(stream, "readable");
    let last = -1;
    const standing = (held: number): boolean => held === last || ((last = held), false);
    const held = await until("the flow to stop", () => Promise.resolve(stream.readableLength), standing);
    assert.ok(held < 2_000_000, `${held} bytes were held`);
  });

  it("a port without a listener, a pod that is gone, a port that is none: each in a sentence", async () => {
    const { signal } = ending;
    const stream = await connectPod({ connection, namespace, pod: "server", port: 9999, signal });
    const [error] = (await once(stream, "error")) as [Error];
    assert.equal(error.message, "Port 9999 of server was not reached. Nothing listens there in the pod.");
    await assert.rejects(connectPod({ connection, namespace, pod: "gone", port: 80, signal }), {
      code: "gone",
      message: 'Port 80 of gone was not reached. The cluster says: pods "gone" not found.',
    });
    await assert.rejects(connectPod({ connection, namespace, pod: "server", port: 70_000, signal }), {
      code: "invalid-port",
    });
    await assert.rejects(connectPod({ connection, namespace, pod: "../../x", port: 80, signal }), {
      code: "invalid-name",
    });
    assert.match((await ask(await forward(9999), "/")).body.toString(), /^Port 9999 of server was not reached\./);
  });

  it("a shell has a terminal of the right size, follows it, and ends with its code", async () => {
    const shell = await shellIn("server");
    // The runtime starts the shell before it hears of the terminal's size.
    shell.input("until [ \"$(stty size)\" = '30 100' ]; do :; done; echo $0\r");
    await says(shell, /[\r\n]\/bin\/bash\r\n/);
    shell.resize({ columns: 55, rows: 11 });
    shell.input("until [ \"$(stty size)\" = '11 55' ]; do :; done; printf 'gr\\303\\266\\303\\237e\\n'\r");
    await says(shell, /\rgröße\r\n/);
    shell.input("exit 7\r");
    assert.equal(await shell.exit, 7);
    const second = await shellIn("server");
    await says(second, /# $/);
    second.input("\u0004");
    assert.equal(await second.exit, 0);
  });

  it("much output arrives whole", async () => {
    const shell = await shellIn("server");
    shell.input("stty -echo; python3 -c 'for i in range(100000): print(\"line\", i)'; echo o''ver\r");
    await says(shell, /\r\nover\r\n/);
    assert.equal(shell.seen().match(/line \d+\r\n/g)?.length, 100_000);
  });

  it("where there is no bash there is sh, and where there is neither that is said", async () => {
    const shell = await shellIn("no-bash");
    await says(shell, /# $/);
    shell.input("echo $0; exit 3\r");
    assert.equal(await shell.exit, 3);
    assert.match(shell.seen(), /\r\n\/bin\/sh\r\n/);
    assert.doesNotMatch(shell.seen(), /no such file/i);
    const none = await shellIn("no-shell");
    await assert.rejects(none.exit, {
      code: "no-shell",
      message: "No shell was opened in no-shell. The image has neither bash nor sh.",
    });
  });

  it("a container or a pod that is not there: in the cluster's words", async () => {
    await assert.rejects(shellIn("server", "other"), {
      code: "refused",
      message: "No shell was opened in server. The cluster says: container other is not valid for pod server.",
    });
    await assert.rejects(shellIn("gone"), { code: "gone" });
  });

  it("who may not is told so in the cluster's words", async () => {
    const narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const over = narrow.engine.cluster(narrow.context).connection;
    // A WebSocket begins with a GET; which verb that needs depends on the version (1.35 asks for `create` too).
    const words =
      /^No shell was opened in server\. The cluster says: pods "server" is forbidden: User "narrow" cannot (get|create) resource "pods\/exec" .*\. An administrator can allow it\.$/;
    await assert.rejects(shellIn("server", "main", over), { code: "no-rights", message: words });
    const { body } = await ask(await forward(8001, over), "/");
    assert.match(body.toString(), /User "narrow" cannot (get|create) resource "pods\/portforward"/);
  });

  it("goes through the proxy that the kubeconfig names", async () => {
    const server = new URL(await serverOf(kubeconfigOf("admin")));
    const tunnel = await testProxy(Number(server.port));
    cleanup.add(() => tunnel.close());
    const bent = await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => {
      cluster["proxy-url"] = tunnel.url;
    });
    const rig = await openRig(cleanup, bent);
    const over = rig.engine.cluster(rig.context).connection;
    const shell = await shellIn("server", "main", over);
    shell.input("exit 4\r");
    assert.equal(await shell.exit, 4);
    assert.equal((await ask(await forward(8001, over), "/tunnelled")).body.toString(), "/tunnelled");
    assert.deepEqual([...new Set(tunnel.asked.map(({ target }) => target))], [server.host]);
  });

  it("an abort leaves no socket, and a connection that goes takes its streams along", async () => {
    await connection.connect();
    const idle = proxy.open;
    const { signal } = ending;
    const shell = await shellIn("server");
    const stream = await connectPod({ connection, namespace, pod: "server", port: 8001, signal });
    assert.equal(proxy.open, idle + 2);
    const ends = [assert.rejects(shell.exit, { name: "CancelledError" }), once(stream, "error")];
    ending.abort();
    await Promise.all(ends);
    await until(
      "the sockets to close",
      () => Promise.resolve(proxy.open),
      (open) => open === idle,
    );

    ending = new AbortController();
    const rig = await openRig(
      cleanup,
      await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => (cluster["server"] = proxy.address)),
    );
    const over = rig.engine.cluster(rig.context).connection;
    const other = await shellIn("server", "main", over);
    assert.equal(proxy.open, idle + 1);
    const lost = assert.rejects(other.exit, { code: "unreachable" });
    rig.engine.dispose();
    await lost;
    await until(
      "its socket to close",
      () => Promise.resolve(proxy.open),
      (open) => open === idle,
    );
  });

  it("a connection that breaks is said, not taken for an end", async () => {
    const shell = await shellIn("server");
    const stream = await connectPod({ connection, namespace, pod: "server", port: 8001, signal: ending.signal });
    const failure = once(stream, "error") as Promise<[Error]>;
    const lost = assert.rejects(shell.exit, { code: "unreachable", message: /closed the connection/ });
    proxy.cut();
    await lost;
    assert.match((await failure)[0].message, /closed the connection/);
  });
});
