// A laptop that slept with a kernel at work: what its network has forgotten, and what the clock says when it wakes.
import assert from "node:assert/strict";
import type { Kernel, ServerConnection } from "@jupyterlab/services";
import type { KubeObject } from "../../src/kube/objects.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { POD } from "../../src/kubeflow/kinds/resources.ts";
import { until } from "../editor/until.ts";
import { run } from "../jupyter/client.ts";
import { FaultProxy } from "./faultProxy.ts";
import { hush, manager, settingsOf } from "./jupyterClient.ts";
import { jupyterOptions, jupyterPackages } from "./jupyterPython.ts";
import { notebookObject, type NotebookObject } from "./notebook.ts";
import { bendKubeconfig, Cleanup, kubeconfigOf, makeNamespace, openRig, type Rig, serverOf } from "./support.ts";

/** The client tries again after times of its own, in ms: at random up to 3 s, 30 s where it takes the server for gone. */
const SOON_MS = 45_000;

describe("a kernel in a notebook, after this computer has slept", function () {
  this.timeout(180_000);
  const cleanup = new Cleanup();
  let own: Cleanup;
  let proxy: FaultProxy;
  let rig: Rig;
  let truth: Rig;
  let namespace: string;
  let settings: ServerConnection.ISettings;
  let kernel: Kernel.IKernelConnection;

  before(async () => {
    const packages = await jupyterPackages();
    hush(cleanup);
    proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    cleanup.add(() => proxy.stop());
    truth = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, truth.client, "sleep");
    const lab = notebookObject("lab", namespace, jupyterOptions(packages));
    await truth.client.create<NotebookObject>(NOTEBOOK, lab);
    const bent = await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ cluster }) => {
      cluster["server"] = proxy.address;
    });
    rig = await openRig(cleanup, bent);
    settings = await settingsOf(rig, namespace, "lab");
  });
  after(() => cleanup.run());

  beforeEach(async () => {
    own = new Cleanup();
    kernel = await manager(own, settings).startNew({ name: "python3" });
    assert.equal(await run(kernel, "x = 20; print(x + 1)"), "21");
  });
  afterEach(() => own.run());

  /** Sockets are dead without a word, and an hour has passed on the wall, as Linux tells it: timers have stood still. */
  function wake(): void {
    proxy.strand();
    const now = Date.now.bind(Date);
    Date.now = () => now() + 3_600_000;
    // Not back between tests: what lives through them would have slept for less than nothing.
    cleanup.add(() => void (Date.now = now));
  }

  /** Resolves once the kernel was lost and is there again. */
  function reconnected(): () => Promise<unknown> {
    const seen: string[] = [];
    kernel.connectionStatusChanged.connect((_, status) => void seen.push(status));
    return () =>
      until(
        "a kernel that is connected again",
        () => Promise.resolve(seen),
        () => seen.includes("connecting") && kernel.connectionStatus === "connected",
        SOON_MS,
      );
  }

  async function isAtTheSamePlace(): Promise<void> {
    const again = await settingsOf(rig, namespace, "lab");
    assert.deepEqual([again.baseUrl, again.init], [settings.baseUrl, settings.init]);
  }

  it("is the same one: at its address, with its variables, and the next cell runs", async () => {
    const { id } = kernel;
    const again = reconnected();
    wake();
    // Whatever asks the server first, such as the list of its kernels, goes on as well.
    const listed = fetch(`${settings.baseUrl}api/kernels`, settings.init);
    const interrupted = fetch(`${settings.baseUrl}api/kernels/${id}/interrupt`, { ...settings.init, method: "POST" });
    const chosen = isAtTheSamePlace();
    await again();
    assert.equal(await run(kernel, "print(x + 2)"), "22");
    assert.equal(kernel.id, id);
    assert.deepEqual([(await listed).status, (await interrupted).status], [200, 204]);
    await chosen;
  });

  it("runs a cell that was started before anybody knew of the sleep, once", async () => {
    assert.equal(await run(kernel, "y = 0"), "");
    const again = reconnected();
    wake();
    const ran = run(kernel, "y += 1; print(y)");
    await again();
    assert.equal(await ran, "1");
    assert.equal(await run(kernel, "print(y)"), "1");
  });

  it("does not run a cell that was started before it was known, and interrupted since", async () => {
    assert.equal(await run(kernel, "z = 0"), "");
    await proxy.refuse();
    const again = reconnected();
    wake();
    void kernel.requestExecute({ code: "z += 1" }).done.catch(() => undefined); // Nobody answers it.
    await until(
      "a kernel that is lost",
      () => Promise.resolve(kernel.connectionStatus),
      (status) => status !== "connected",
      SOON_MS,
    );
    const path = `${settings.baseUrl}api/kernels/${kernel.id}/interrupt`;
    const interrupted = fetch(path, { ...settings.init, method: "POST" });
    await proxy.accept();
    await again();
    assert.equal((await interrupted).status, 204);
    assert.equal(await run(kernel, "print(z)"), "0");
  });

  it("is waited for where the network comes later than the person", async () => {
    await proxy.refuse();
    const again = reconnected();
    wake();
    await until(
      "a kernel that is lost",
      () => Promise.resolve(kernel.connectionStatus),
      (status) => status !== "connected",
      SOON_MS,
    );
    const away = fetch(`${settings.baseUrl}api/kernels`, settings.init);
    await proxy.accept();
    await again();
    assert.deepEqual([(await away).status, await run(kernel, "print(x)")], [200, "20"]);
  });

  it("is told to be gone where its pod went meanwhile, and another begins at the same address", async () => {
    const uid = (await truth.client.get<KubeObject>(POD, "lab-0", namespace)).metadata.uid;
    // While the computer sleeps, nothing of it reaches the other end.
    proxy.strand();
    await truth.client.delete(POD, "lab-0", namespace, uid ?? "");
    await settingsOf(truth, namespace, "lab");
    wake();
    await until(
      "the end of the kernel",
      () => Promise.resolve(kernel.status),
      (status) => status === "dead",
      SOON_MS,
    );
    await isAtTheSamePlace();
    const next = await manager(own, settings).startNew({ name: "python3" });
    assert.equal(await run(next, "print(x)"), "NameError");
  });
});
