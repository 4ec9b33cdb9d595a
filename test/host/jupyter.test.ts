import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { JupyterServer, JupyterServerCommand } from "@vscode/jupyter-extension";
import * as vscode from "vscode";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { SETTINGS } from "../../src/manifest.ts";
import { Cleanup, kubeconfigOf, makeNamespace, openRig, PYTHON } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import type { JupyterStandIn, KeptCollection } from "../jupyter/extension.ts";

const SERVER = path.join(process.env["TRAINYARD_ROOT"] ?? "", "test", "cluster", "notebookServer.py");

describe("notebooks as servers for the Jupyter extension (a stand-in of its API)", function () {
  this.timeout(120_000);
  const cleanup = new Cleanup();
  let folder: string;
  let never: vscode.CancellationToken;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-jupyter-"));
    cleanup.add(() => fs.rmSync(folder, { recursive: true, force: true }));
    never = new vscode.CancellationTokenSource().token;
  });
  after(async () => {
    await use(undefined);
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await cleanup.run();
  });

  function use(paths: readonly string[] | undefined): Thenable<void> {
    const configuration = vscode.workspace.getConfiguration();
    return configuration.update(SETTINGS.kubeconfigPaths, paths, vscode.ConfigurationTarget.Global);
  }

  /** Writes a kubeconfig whose sign-in program and server leave a trace when they are asked. */
  async function countingKubeconfig(): Promise<{ file: string; signedIn: () => boolean; calls: () => number }> {
    let calls = 0;
    const server = net.createServer((socket) => {
      calls++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => void server.close());
    const trace = path.join(folder, "signed-in");
    const user = {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "touch",
        args: [trace],
        interactiveMode: "Never",
      },
    };
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "counted" },
      clusters: [{ name: "c", cluster: { server: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}` } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "counted", context: { cluster: "c", user: "u" } }],
    };
    const file = path.join(folder, "counting.json");
    fs.writeFileSync(file, JSON.stringify(config));
    return { file, signedIn: () => fs.existsSync(trace), calls: () => calls };
  }

  async function openNotebook(): Promise<KeptCollection> {
    const file = path.join(folder, "fit.ipynb");
    fs.writeFileSync(file, JSON.stringify({ cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(vscode.Uri.file(file)));
    const jupyter = vscode.extensions.getExtension<JupyterStandIn>("ms-toolsai.jupyter");
    const [collection] = await until(
      "our collection",
      () => Promise.resolve(jupyter?.isActive === true ? jupyter.exports.kept : []),
      ({ length }) => length > 0,
    );
    assert.ok(collection !== undefined);
    return collection;
  }

  const list = async (collection: KeptCollection): Promise<JupyterServer[]> =>
    (await collection.provider.provideJupyterServers(never)) ?? [];

  async function places(collection: KeptCollection): Promise<JupyterServerCommand[]> {
    return (await collection.commandProvider?.provideCommands(undefined, never)) ?? [];
  }

  it("registers when a notebook opens, and calls no cluster and no program before one is looked at", async () => {
    const { file, signedIn, calls } = await countingKubeconfig();
    await use([file]);
    const collection = await openNotebook();
    assert.deepEqual([collection.id, collection.label], ["trainyard", "Kubeflow Notebooks"]);
    assert.deepEqual(await list(collection), []);
    const commands = await until(
      "the place",
      () => places(collection),
      ([first]) => first?.label === "Look in counted…",
    );
    assert.equal(commands.length, 1);
    assert.deepEqual([calls(), signedIn()], [0, false]);
  });

  it("lists a notebook once its cluster is looked at, starts it when it is chosen, and lets in who has the secret", async () => {
    const rig = await openRig(cleanup, kubeconfigOf("admin"));
    const namespace = await makeNamespace(cleanup, rig.client, "kernels");
    const command = ["python3", "-c", fs.readFileSync(SERVER, "utf8")];
    const make = (name: string, server: string): Promise<unknown> =>
      rig.client.create(NOTEBOOK, {
        ...{ apiVersion: "kubeflow.org/v1", kind: "Notebook" },
        metadata: {
          ...{ name, namespace },
          annotations: {
            "kubeflow-resource-stopped": new Date().toISOString(),
            "notebooks.kubeflow.org/server-type": server,
          },
        },
        ...{ spec: { template: { spec: { containers: [{ name, image: PYTHON, command }] } } } },
      });
    await Promise.all([make("lab", "jupyter"), make("studio", "group-two")]);
    const own = path.join(folder, "own.kubeconfig");
    fs.writeFileSync(
      own,
      fs.readFileSync(kubeconfigOf("admin"), "utf8").replace(/namespace: .*/, `namespace: ${namespace}`),
    );
    await use([own]);
    const collection = await openNotebook();
    const [place] = await until(
      "the cluster",
      () => places(collection),
      ([first]) => first?.label.includes(rig.context) === true,
    );
    assert.ok(place !== undefined);
    let changes = 0;
    collection.provider.onDidChangeServers?.(() => changes++);
    const looking = Promise.resolve(collection.commandProvider?.handleCommand(place, never));
    let chosen: JupyterServer | null | undefined;
    void looking.then((server) => (chosen = server));
    await until(
      "a choice",
      async () => {
        await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
        return chosen;
      },
      (server) => server !== undefined,
      30_000,
    );
    assert.ok(chosen !== null && chosen !== undefined && changes > 0);
    const lab = await until(
      "lab in the list",
      async () => (await list(collection)).find(({ label }) => label.startsWith(`lab · ${namespace} · `)),
      (server) => server !== undefined,
      30_000,
    );
    assert.ok(lab !== undefined && lab.label.endsWith(" · stopped, starts when chosen"), lab?.label);
    assert.ok(!(await list(collection)).some(({ label }) => label.startsWith("studio")));
    assert.deepEqual(await places(collection), []);

    const resolved = await collection.provider.resolveJupyterServer(lab, never);
    const { baseUrl, headers = {}, token } = resolved?.connectionInformation ?? {};
    assert.ok(baseUrl !== undefined && token === undefined);
    assert.equal(baseUrl.path, `/notebook/${namespace}/lab/`);
    const api = `${baseUrl.toString(true)}api`;
    assert.deepEqual(await (await fetch(api, { headers })).json(), { version: "stand-in" });
    assert.equal((await fetch(api)).status, 403);
    const again = await collection.provider.resolveJupyterServer(lab, never);
    assert.deepEqual(
      [again?.connectionInformation?.baseUrl.toString(), again?.connectionInformation?.headers],
      [baseUrl.toString(), headers],
    );
  });

  it("says in a sentence that a notebook is no more", async () => {
    const collection = await openNotebook();
    const id = Buffer.from(JSON.stringify(["nowhere", "a", "b"])).toString("base64url");
    await assert.rejects(
      Promise.resolve(collection.provider.resolveJupyterServer({ id, label: "b" }, never)),
      /nowhere/,
    );
  });
});
