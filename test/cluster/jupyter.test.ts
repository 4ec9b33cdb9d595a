// A real Jupyter Server in a real pod, driven by JupyterLab's own client through the forward that VS Code is given.
import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/objects.ts";
import { NOTEBOOK, projectNotebook } from "../../src/kubeflow/kinds/notebook.ts";
import { POD } from "../../src/kubeflow/kinds/resources.ts";
import { until } from "../editor/until.ts";
import { run } from "../jupyter/client.ts";
import { connect, hush, manager, settingsOf as settingsIn } from "./jupyterClient.ts";
import { jupyterOptions, jupyterPackages } from "./jupyterPython.ts";
import { notebookObject, type NotebookObject } from "./notebook.ts";
import {
  Cleanup,
  kubeconfigOf,
  makeClaim,
  MemoryState,
  makeNamespace,
  makeVolume,
  openRig,
  type Rig,
  SECRET,
} from "./support.ts";

const NEVER = new AbortController().signal;

describe("a real Jupyter Server through the forward", function () {
  this.timeout(180_000);
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let packages: string;

  before(async () => {
    packages = await jupyterPackages();
    hush(cleanup);
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    await rig.engine.cluster(rig.context).connection.connect();
    namespace = await makeNamespace(cleanup, rig.client, "jupyter");
  });
  after(() => cleanup.run());

  const make = (name: string, wishes: Parameters<typeof jupyterOptions>[1] = {}): Promise<NotebookObject> =>
    rig.client.create(NOTEBOOK, notebookObject(name, namespace, jupyterOptions(packages, wishes)));
  const settingsOf = (name: string): ReturnType<typeof settingsIn> => settingsIn(rig, namespace, name);

  it("starts a kernel, runs cells, interrupts, restarts; a pod that goes takes its kernel, not the volume nor the address", async () => {
    await makeVolume(cleanup, rig.client, "ReadWriteMany");
    await makeClaim(rig.client, "home", namespace);
    await make("lab", { home: "home" });
    const settings = await settingsOf("lab");
    const kernels = manager(cleanup, settings);
    const kernel = await kernels.startNew({ name: "python3" });
    assert.equal(await run(kernel, "x = 20; print(x + 1)"), "21");
    assert.equal(await run(kernel, "open('kept.txt', 'w').write('still here'); print('written')"), "written");
    assert.equal((await run(kernel, "print('é' * 300_000)")).length, 300_000);

    let begun = "";
    const endless = run(
      kernel,
      "import time\nprint('on', flush=True)\nwhile True: time.sleep(0.01)",
      (said) => (begun = said),
    );
    await until(
      "the endless cell",
      () => Promise.resolve(begun),
      (said) => said.startsWith("on"),
    );
    await kernel.interrupt();
    assert.match(await endless, /KeyboardInterrupt$/);
    assert.equal(await run(kernel, "print(x)"), "20");
    await kernel.restart();
    assert.equal(await run(kernel, "print(x)"), "NameError");

    const uid = (await rig.client.get<KubeObject>(POD, "lab-0", namespace)).metadata.uid;
    await rig.client.delete(POD, "lab-0", namespace, uid ?? "");
    await until(
      "the connection to be lost",
      () => Promise.resolve(kernel.connectionStatus),
      (status) => status !== "connected",
      30_000,
    );
    await until(
      "another pod",
      () => rig.client.find<KubeObject>(POD, "lab-0", namespace),
      (pod) => pod !== undefined && pod.metadata.uid !== uid,
      60_000,
    );
    const again = await settingsOf("lab");
    assert.deepEqual([again.baseUrl, again.init], [settings.baseUrl, settings.init]);
    const next = await kernels.startNew({ name: "python3" });
    assert.equal(await run(next, "print(open('kept.txt').read())"), "still here");
    await next.shutdown();
  });

  it("one whose token is in a Secret lets the client in without knowing it, and nobody else", async () => {
    await rig.client.create<KubeObject>(SECRET, {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "token", namespace } },
      ...{ stringData: { key: "s3cret" } },
    });
    const env = [{ name: "JUPYTER_TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "key" } } }];
    await make("locked", { args: [], env });
    const settings = await settingsOf("locked");
    const kernel = await manager(cleanup, settings).startNew({ name: "python3" });
    assert.equal(await run(kernel, "print(6 * 7)"), "42");
    await kernel.shutdown();
    const bare = await fetch(`${settings.baseUrl}api/kernels`);
    assert.equal(bare.status, 403);
    assert.match(await bare.text(), /^Open this from Visual Studio Code/);

    // Another token since, which only its next pod knows.
    const data = { key: Buffer.from("0ther").toString("base64") };
    await rig.client.patch(SECRET, "token", namespace, { data });
    const uid = (await rig.client.get<KubeObject>(POD, "locked-0", namespace)).metadata.uid;
    await rig.client.delete(POD, "locked-0", namespace, uid ?? "");
    const again = await settingsOf("locked");
    assert.deepEqual([again.baseUrl, again.init], [settings.baseUrl, settings.init]);
    assert.equal((await fetch(`${again.baseUrl}api/kernels`, again.init)).status, 200);
  });

  it("a later window knows it by the same id, finds it at the same address with its kernels, and has a secret of its own", async () => {
    await make("kept");
    const state = new MemoryState();
    const open = async (): Promise<[Rig, Awaited<ReturnType<typeof settingsIn>>]> => {
      const window = await openRig(cleanup, kubeconfigOf("admin"), { state });
      const offered = await window.engine.notebookServers.list(NEVER);
      assert.equal(offered.length, state.get("trainyard.notebookServers") === undefined ? 0 : 1);
      assert.ok(offered.every(({ label }) => label.startsWith(`kept · ${namespace} · `)));
      return [window, await settingsIn(window, namespace, "kept")];
    };
    const [first, before] = await open();
    const kernel = await manager(cleanup, before).startNew({ name: "python3" });
    assert.equal(await run(kernel, "x = 7; print(x)"), "7");
    kernel.dispose();
    first.engine.dispose();

    const [, after] = await open();
    assert.equal(after.baseUrl, before.baseUrl);
    assert.equal((await fetch(`${after.baseUrl}api/kernels`, before.init)).status, 403);
    const again = manager(cleanup, after).connectTo({ model: kernel.model });
    assert.equal(await run(again, "print(x)"), "7");
    await again.shutdown();
  });

  it("stopped under its kernel it says so at once, and is at its address again once it was started", async () => {
    await make("paused");
    const settings = await settingsOf("paused");
    const kernel = await manager(cleanup, settings).startNew({ name: "python3" });
    assert.equal(await run(kernel, "print(1)"), "1");
    const notebook = projectNotebook(await rig.client.get<NotebookObject>(NOTEBOOK, "paused", namespace));
    assert.equal(rig.engine.notebookServers.isConnected(notebook.uid), true);
    await rig.engine.stopNotebook(rig.context, notebook);
    await until(
      "its pod to go",
      () => rig.client.find(POD, "paused-0", namespace),
      (pod) => pod === undefined,
      30_000,
    );
    const asked = performance.now();
    const answer = await fetch(`${settings.baseUrl}api`, settings.init);
    assert.equal(answer.ok, false);
    assert.match(await answer.text(), /paused is stopped/);
    assert.ok(performance.now() - asked < 15_000);
    await rig.engine.startNotebook(rig.context, notebook);
    const again = () => fetch(`${settings.baseUrl}api/kernels`, settings.init);
    const back = await until("its Jupyter at the same address", again, ({ ok }) => ok, 60_000);
    assert.deepEqual(await back.json(), [], "its kernel went with its pod");
  });

  it("what stands in the way is said: no Jupyter, a token that nobody tells, no right", async () => {
    const plain = ["python3", "-m", "http.server", "8888"];
    await rig.client.create(NOTEBOOK, notebookObject("plain", namespace, { container: { command: plain } }));
    await make("asking", { args: [] });
    const refused = (name: string): Promise<Error> =>
      connect(rig, namespace, name).then(
        () => assert.fail(`${name} was connected`),
        (error: unknown) => error as Error,
      );
    const [none, asking, gone] = await Promise.all([refused("plain"), refused("asking"), refused("missing")]);
    assert.match(
      none.message,
      /^plain was not connected\. Its server answers, and there is no Jupyter at \/notebook\//,
    );
    assert.match(asking.message, /^asking was not connected\. Its Jupyter asks for a token or a password that /);
    assert.match(gone.message, /^missing was not connected\. There is no such notebook in .* any more\.$/);

    const made = await rig.client.create(NOTEBOOK, notebookObject("shared", "team-a"));
    cleanup.add(() => rig.client.delete(NOTEBOOK, "shared", "team-a", made.metadata.uid ?? ""));
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const shared = projectNotebook(made);
    const open = reader.engine.notebookServers.open(reader.context, shared, NEVER);
    await assert.rejects(open, (error: Error & { code?: string }) => {
      assert.equal(error.code, "no-rights");
      assert.match(
        error.message,
        /^shared was not opened\. The cluster says: .*User "reader" cannot .* "pods\/portforward"/,
      );
      assert.match(
        error.message,
        /It takes the rights to get and create pods\/portforward in team-a\. Kubeflow’s own address has it at \/notebook\/team-a\/shared\/\.$/,
      );
      return true;
    });
  });
});
