import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { systemClock } from "../../src/core/clock.ts";
import { deleteObject } from "../../src/kube/anyObject.ts";
import { errorCode } from "../../src/core/errors.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { openShell } from "../../src/kube/streams/index.ts";
import { type Notebook, NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { NamespaceNotebooks, startNotebook, stopNotebook } from "../../src/notebooks/index.ts";
import { until } from "../editor/until.ts";
import { notebookObject, type NotebookObject, type NotebookOptions } from "./notebook.ts";
import { Cleanup, kubeconfigOf, makeNamespace, openRig, RESOURCE_QUOTA, type Rig } from "./support.ts";

describe("notebooks", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let live: NamespaceNotebooks;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "lab");
    live = new NamespaceNotebooks(rig.engine.cluster(rig.context), namespace, systemClock);
    cleanup.add(() => live.dispose());
    await live.answered(10_000);
    assert.equal(live.state.kind, "live");
  });

  after(() => cleanup.run());

  const make = (name: string, options?: NotebookOptions): Promise<NotebookObject> =>
    rig.client.create(NOTEBOOK, notebookObject(name, namespace, options));
  const remove = ({ name, uid }: Notebook): Promise<void> =>
    deleteObject(rig.client, { resource: NOTEBOOK, namespace, name, uid });
  const find = (name: string): Notebook | undefined => [...live.items].find((notebook) => notebook.name === name);
  const said = (name: string): string => {
    const notebook = find(name);
    if (notebook === undefined) return "gone";
    return Object.values(live.summary(notebook)).filter(Boolean).join(" · ");
  };
  const says = (name: string, pattern: RegExp): Promise<string> =>
    until(
      `${name} ${String(pattern)}`,
      () => Promise.resolve(said(name)),
      (text) => pattern.test(text),
      60_000,
    );

  it("start, stop, start again and go, and the view says each in turn", async function () {
    this.timeout(180_000);
    const words = new Set<string>();
    live.onDidChange(() => words.add(said("bob").split(" · ")[0] ?? ""));
    await make("bob");
    await says("bob", /^Ready · for a moment$/);
    const bob = find("bob");
    assert.ok(bob !== undefined);
    assert.equal(live.podOf(bob)?.name, "bob-0");
    await stopNotebook(rig.client, bob, Date.now());
    await says("bob", /^Stopped · just now$/);
    const stored = await rig.client.get<KubeObject>(NOTEBOOK, "bob", namespace);
    assert.match(stored.metadata.annotations?.["kubeflow-resource-stopped"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(
      live.why(find("bob") ?? bob).map(({ next }) => next?.id),
      ["resume"],
    );
    await startNotebook(rig.client, bob);
    await says("bob", /^Ready/);
    assert.ok(words.has("Starting") && words.has("Stopping"), [...words].join(", "));
    await remove(bob);
    await says("bob", /^gone$/);
    await remove(bob);
    await assert.rejects(stopNotebook(rig.client, bob, Date.now()), {
      code: "notebook-deleted",
      message: "bob was not stopped. It was deleted meanwhile.",
    });
  });

  it("another notebook of the same name is left alone", async () => {
    await make("twin");
    const first = await until(
      "twin",
      () => Promise.resolve(find("twin")),
      (found) => found !== undefined,
    );
    assert.ok(first !== undefined);
    const other = { ...first, uid: "00000000-0000-0000-0000-000000000000" };
    await assert.rejects(stopNotebook(rig.client, other, Date.now()), { code: "notebook-deleted" });
    await assert.rejects(remove(other), { code: "replaced" });
    const left = await rig.client.get<KubeObject>(NOTEBOOK, "twin", namespace);
    assert.deepEqual([left.metadata.uid, left.metadata.deletionTimestamp], [first.uid, undefined]);
    assert.equal(left.metadata.annotations?.["kubeflow-resource-stopped"], undefined);
  });

  it("what holds a notebook up is said: its image, its node, the quota, its own end", async function () {
    this.timeout(180_000);
    await make("image", { image: "registry.invalid/missing:1" });
    await make("gpus", { container: { resources: { limits: { "nvidia.com/gpu": "2" } } } });
    await make("crash", { container: { command: ["python3", "-c", "raise SystemExit(3)"] } });
    await says("image", /^Waiting · the image cannot be pulled.* · /);
    await says("gpus", /^Waiting · needs .*GPU/);
    await says("crash", /^Failed · keeps crashing: exit code 3 · /);
    const quota = { metadata: { name: "small", namespace }, ...{ spec: { hard: { pods: "0" } } } };
    const made = await rig.client.create<KubeObject>(RESOURCE_QUOTA, {
      apiVersion: "v1",
      kind: "ResourceQuota",
      ...quota,
    });
    const lift = (): Promise<void> =>
      deleteObject(rig.client, { resource: RESOURCE_QUOTA, namespace, name: "small", uid: made.metadata.uid ?? "" });
    cleanup.add(lift);
    await until(
      "the quota to hold",
      () => rig.client.get<KubeObject & { status?: { hard?: object } }>(RESOURCE_QUOTA, "small", namespace),
      ({ status }) => status?.hard !== undefined,
    );
    await make("quota");
    await says("quota", /^Waiting · the quota small /);
    const held = find("quota");
    assert.ok(held !== undefined);
    assert.match(live.why(held)[0]?.detail ?? "", /exceeded quota: small/);
    await lift();
  });

  it("opens in a browser through the forward, WebSockets too, and has a shell in its container", async function () {
    this.timeout(120_000);
    await make("web");
    await says("web", /^Ready/);
    const notebook = find("web");
    assert.ok(notebook !== undefined);
    const { connection } = rig.engine.cluster(rig.context);
    const prefix = `/notebook/${namespace}/web/`;
    const enter = async (): Promise<{ port: string; to: string; cookie: string }> => {
      const { signal } = new AbortController();
      const address = new URL((await rig.engine.notebookServers.open(rig.context, notebook, signal)).address);
      const { headers } = await ask(address.port, address.pathname);
      const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
      return { port: address.port, to: String(headers["refresh"]), cookie };
    };
    const { port, to, cookie } = await enter();
    assert.equal(to, `0; url=${prefix}`);
    const page = await until(
      "the server",
      () => ask(port, prefix, { cookie }),
      ({ status }) => status === 200,
    );
    assert.match(page.text, /Stand-in notebook/);
    assert.equal((await ask(port, prefix)).status, 403);
    const told = JSON.parse((await ask(port, `${prefix}request`, { cookie: `a=b; ${cookie}` })).text) as {
      headers: Record<string, string>;
    };
    assert.deepEqual(
      [told.headers["cookie"] ?? told.headers["Cookie"], told.headers["Host"]],
      ["a=b", `127.0.0.1:${port}`],
    );
    const socket = new WebSocket(`ws://127.0.0.1:${port}${prefix}echo`, { headers: { cookie } });
    await once(socket, "open");
    const answered = once(socket, "message") as Promise<[MessageEvent]>;
    socket.send("hello");
    assert.equal((await answered)[0].data, "hello");
    socket.close();

    const again = await enter();
    assert.deepEqual([again.port, again.cookie], [port, cookie]);
    rig.engine.notebookServers.close(notebook.uid);
    await assert.rejects(
      until(
        "the port to close",
        () => ask(port, prefix),
        () => false,
      ),
      { code: "ECONNREFUSED" },
    );
    const later = await enter();
    assert.equal(later.port, port, "the port of before is tried again");
    assert.notEqual(later.cookie, cookie);

    const pod = live.podOf(notebook);
    let seen = "";
    const shell = await openShell({
      connection,
      namespace,
      pod: pod?.name ?? "",
      container: notebook.name,
      size: { columns: 80, rows: 24 },
      onOutput: (text) => (seen += text),
      signal: new AbortController().signal,
    });
    shell.input("echo $NB_PREFIX; exit 5\r");
    assert.equal(await shell.exit, 5);
    assert.ok(seen.includes(prefix.slice(0, -1)), seen);
  });

  it("who may only look is told so, and who may look nowhere sees that as well", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const cluster = reader.engine.cluster(reader.context);
    const refused = (error: unknown): boolean =>
      errorCode(error) === "no-rights" && /may not patch notebooks/.test(String(error));
    await assert.rejects(stopNotebook(reader.client, { name: "any", namespace: "team-a", uid: "u" }, 0), refused);
    const theirs = new NamespaceNotebooks(cluster, namespace, systemClock);
    await theirs.answered(10_000);
    const { state } = theirs;
    assert.ok(state.kind === "forbidden" && /User "reader" cannot .* resource "notebooks"/.test(state.why));
    theirs.dispose();
  });
});

async function ask(
  port: string,
  path: string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
  const request = http.get({ host: "127.0.0.1", port, path, headers, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}
