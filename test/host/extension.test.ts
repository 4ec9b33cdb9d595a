import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { COMMANDS, SETTINGS, TASK_TYPE, VIEWS } from "../../src/manifest.ts";
import { until } from "../editor/until.ts";

const ID = "trainyard.trainyard";
const DISPATCHERS = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")];

function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension<unknown>(ID);
  assert.ok(found, `${ID} is not there`);
  return found;
}

/** A server that counts who connects, and answers nobody. */
async function countingServer(): Promise<{ port: number; count: () => number; close: () => void }> {
  let count = 0;
  const server = net.createServer((socket) => {
    count++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { port: address.port, count: () => count, close: () => server.close() };
}

function writeKubeconfig(file: string, port: number): void {
  fs.writeFileSync(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "counted", cluster: { server: `https://127.0.0.1:${port}` } }],
      users: [{ name: "nobody", user: { token: "t" } }],
      contexts: [{ name: "counted", context: { cluster: "counted", user: "nobody" } }],
      "current-context": "counted",
    }),
  );
}

describe("the extension in its host", () => {
  it("runs on a Node that client-node can be loaded on", () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    assert.ok(major > 22 || (major === 22 && minor >= 19), process.versions.node);
  });

  it("is asleep until it is needed", () => {
    assert.equal(extension().isActive, false);
  });

  it("activates without a request, a child process or the bundle that talks to clusters", async () => {
    const before = new Set(Object.keys(require.cache));
    await extension().activate();
    const loaded = Object.keys(require.cache).filter(
      (file) => !before.has(file) && file.includes(`${path.sep}dist${path.sep}`),
    );
    assert.ok(!loaded.some((file) => file.endsWith("kube.js")), loaded.join(", "));
  });

  it("registers every command that it declares, and declares every one that it registers", async () => {
    const registered = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith("trainyard.") && !id.startsWith(VIEWS.clusters),
    );
    assert.deepEqual(registered.sort(), Object.values(COMMANDS).sort());
  });

  it("leaves the process-wide fetch dispatcher as it was, with all bundles loaded", () => {
    const before = DISPATCHERS.map((symbol) => Reflect.get(globalThis, symbol) as unknown);
    const load = createRequire(__filename);
    const dist = path.join(extension().extensionPath, "dist");
    for (const file of fs.readdirSync(dist).filter((name) => name.endsWith(".js") && name !== "keeper.js"))
      load(path.join(dist, file));
    assert.deepEqual(
      DISPATCHERS.map((symbol) => Reflect.get(globalThis, symbol) as unknown),
      before,
    );
  });

  it("calls no cluster before a person looks at it: an open view lists contexts and that is all", async () => {
    const server = await countingServer();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-kubeconfig-"));
    const file = path.join(folder, "config");
    writeKubeconfig(file, server.port);
    const configuration = vscode.workspace.getConfiguration();
    try {
      await configuration.update(SETTINGS.kubeconfigPaths, [file], vscode.ConfigurationTarget.Global);
      await vscode.commands.executeCommand(`${VIEWS.clusters}.focus`);
      await vscode.commands.executeCommand(COMMANDS.refresh);
      assert.equal(server.count(), 0);
      // The one that looks: asking for namespaces needs the cluster, and fails here with a message.
      void vscode.commands.executeCommand(COMMANDS.retryCluster);
      await until(
        "a connection",
        () => Promise.resolve(server.count()),
        (count) => count > 0,
        10_000,
      );
    } finally {
      await configuration.update(SETTINGS.kubeconfigPaths, undefined, vscode.ConfigurationTarget.Global);
      server.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  it("offers its task type, and nothing for files that were never run", async () => {
    assert.deepEqual(await vscode.tasks.fetchTasks({ type: TASK_TYPE }), []);
  });

  it("shows a sample script that can be edited", async () => {
    await vscode.commands.executeCommand(COMMANDS.openSample);
    const shown = vscode.window.activeTextEditor?.document;
    assert.equal(path.basename(shown?.fileName ?? ""), "train.py");
    assert.ok(!shown?.fileName.startsWith(extension().extensionPath));
    assert.match(shown?.getText() ?? "", /init_process_group/);
  });
});
