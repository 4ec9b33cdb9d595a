// What a notebook's row says while things go wrong, and what restarting and deleting do to it and its volumes.
import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { type Notebook, NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { CLAIM, CONFIG_MAP, DEPLOYMENT } from "../../src/kubeflow/kinds/resources.ts";
import {
  deleteNotebook,
  NamespaceNotebooks,
  notebookClaims,
  restartNotebook,
  startNotebook,
} from "../../src/notebooks/index.ts";
import { until } from "../editor/until.ts";
import { notebookObject, type NotebookObject, type NotebookOptions } from "./notebook.ts";
import {
  Cleanup,
  find as findObject,
  kubeconfigOf,
  makeClaim,
  makeNamespace,
  makeVolume,
  openRig,
  podLog,
  RESOURCE_QUOTA,
  type Rig,
} from "./support.ts";

const NEVER = new AbortController().signal;

describe("notebooks while they live", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let live: NamespaceNotebooks;
  /** All that was said of each, in order. */
  const heard = new Map<string, string[]>();

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "lively");
    live = rig.engine.notebooks(rig.context, namespace);
    cleanup.add(() => live.dispose());
    await live.answered(10_000);
    live.onDidChange(() => {
      for (const notebook of live.items) {
        const words = said(notebook.name);
        const all = heard.get(notebook.name) ?? [];
        if (all.at(-1) !== words) heard.set(notebook.name, [...all, words]);
      }
    });
  });

  after(() => cleanup.run());

  const make = (name: string, options?: NotebookOptions): Promise<NotebookObject> =>
    rig.client.create(NOTEBOOK, notebookObject(name, namespace, options));
  const find = (name: string): Notebook | undefined => [...live.items].find((notebook) => notebook.name === name);
  const known = (name: string): Notebook => {
    const notebook = find(name);
    assert.ok(notebook !== undefined, `${name} is not there`);
    return notebook;
  };
  const said = (name: string): string => {
    const notebook = find(name);
    return notebook === undefined ? "gone" : Object.values(live.summary(notebook)).filter(Boolean).join(" · ");
  };
  const says = (name: string, pattern: RegExp): Promise<string> =>
    until(
      `${name} ${String(pattern)}`,
      () => Promise.resolve(said(name)),
      (text) => pattern.test(text),
      60_000,
    );
  const podUid = (name: string): string | undefined => live.podOf(known(name))?.uid;
  const claimed = (name: string, spec: object): Promise<KubeObject> =>
    rig.client.create<KubeObject>(CLAIM, {
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name, namespace } },
      ...{ spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "100Ti" } }, ...spec } },
    });

  it("restart: also where another image has not helped a pod that never came up", async function () {
    this.timeout(180_000);
    await make("again", { image: "registry.invalid/missing:1" });
    await says("again", /^Waiting · the image cannot be pulled/);
    const before = podUid("again");
    const good = notebookObject("again", namespace);
    await rig.client.patch(NOTEBOOK, "again", namespace, { spec: good.spec });
    const steps: string[] = [];
    const ports = { client: rig.client, live, clock: systemClock };
    await restartNotebook(ports, known("again"), (step) => steps.push(step), NEVER);
    await says("again", /^Ready/);
    assert.deepEqual(steps, ["ending", "starting"]);
    assert.notEqual(podUid("again"), before);
    assert.ok(heard.get("again")?.some((words) => words.startsWith("Stopped")));
  });

  it("restart: cancelled half way it stays stopped, says so, and starts again", async function () {
    this.timeout(180_000);
    const slow = "import os, signal, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(12), os._exit(0)))";
    await make("half", { container: { command: ["python3", "-c", `${slow}; time.sleep(600)`] } });
    await says("half", /^Ready/);
    const ending = new AbortController();
    const ports = { client: rig.client, live, clock: systemClock };
    const done = restartNotebook(ports, known("half"), () => ending.abort(), ending.signal);
    await assert.rejects(done, {
      code: "left-stopped",
      message: /^half was not started again\. Restarting was cancelled/,
    });
    await says("half", /^Stopping/);
    await startNotebook(rig.client, known("half"));
    await until(
      "a new pod",
      () => Promise.resolve(said("half")),
      (words) => words.startsWith("Ready") && heard.get("half")?.some((text) => text.startsWith("Restarting")) === true,
      90_000,
    );
  });

  it("a claim without a volume is named, with what it lacks", async function () {
    this.timeout(90_000);
    await claimed("fast", { storageClassName: "no-such-class" });
    await claimed("plain", {});
    await make("class", { claims: ["fast"] });
    await make("default", { claims: ["plain"] });
    await says("class", /^Waiting · its volume claim fast has no volume: there is no StorageClass no-such-class · /);
    await says(
      "default",
      /^Waiting · its volume claim plain has no volume: it names no StorageClass, and the cluster has no default · /,
    );
    assert.match(live.why(known("class"))[0]?.detail ?? "", /"no-such-class" not found/);
    await make("lost", { claims: ["nowhere"] });
    await says("lost", /^Waiting · the volume claim nowhere does not exist · /);
  });

  it("a name that its pod cannot have is told from the StatefulSet's warning, or from itself", async function () {
    this.timeout(90_000);
    const [long, longer] = ["n".repeat(56), "m".repeat(64)];
    await make(long);
    await says(long, /^Waiting · its name has 56 characters, 52 are the most/);
    // The Jupyter app's own label would not even let it be stored.
    await make(longer, { labels: { app: "any" } });
    await says(longer, /^Waiting · its name has 64 characters, 52 are the most/);
  });

  it("an image without Jupyter: up for a moment, and what its end was is said before it crashes again", async function () {
    this.timeout(120_000);
    await make("plainos", {
      container: { command: ["python3", "-c", "import time; time.sleep(8); raise SystemExit(127)"] },
    });
    await until(
      "both",
      () => Promise.resolve(heard.get("plainos") ?? []),
      (all) =>
        all.some((words) => /^Ready · has crashed 1 time: its command was not found \(exit code 127\)/.test(words)) &&
        all.some((words) => /^Failed · keeps crashing: .*exit code 127/.test(words)),
      90_000,
    );
    assert.equal(live.why(known("plainos")).find(({ next }) => next?.id === "logs")?.next?.id, "logs");
  });

  it("evicted while it runs: the row says so, the next pod is seen, and what was on its volume is there", async function () {
    this.timeout(180_000);
    await makeVolume(cleanup, rig.client, "ReadWriteMany");
    await makeClaim(rig.client, "work", namespace);
    const note =
      "import pathlib; at = pathlib.Path('/mnt/work/cells'); print(at.read_text() if at.exists() else 'empty', flush=True); at.write_text('cell 7 was run')";
    const serve = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); signal.pause()";
    await make("kernel", { claims: ["work"], container: { command: ["python3", "-c", `${note}; ${serve}`] } });
    await says("kernel", /^Ready · for/);
    const before = podUid("kernel");
    const metadata = { name: "kernel-0", namespace };
    await until(
      "its note",
      () => podLog(rig.client, namespace, "kernel-0"),
      (text) => text.includes("empty"),
    );
    await rig.client.json({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/pods/kernel-0/eviction`,
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata },
    });
    await says("kernel", /^Ready · evicted (just now|1 min ago) · for /);
    assert.notEqual(podUid("kernel"), before);
    assert.ok(
      heard.get("kernel")?.some((words) => words.startsWith("Restarting · evicted")),
      heard.get("kernel")?.join(" | "),
    );
    assert.match(live.why(known("kernel"))[0]?.text ?? "", /its kernels began anew/);
    await until(
      "its note",
      () => podLog(rig.client, namespace, "kernel-0"),
      (text) => text.includes("cell 7 was run"),
    );
  });

  it("is deleted with the claims that are its own, and leaves those that others mount", async function () {
    this.timeout(120_000);
    for (const name of ["own", "shared"]) {
      await makeVolume(cleanup, rig.client, "ReadWriteMany");
      await makeClaim(rig.client, name, namespace);
    }
    const stopped = { annotations: { "kubeflow-resource-stopped": "2026-11-21T08:00:00Z" } };
    await make("leaves", { claims: ["own", "shared"] });
    await make("stays", { claims: ["shared"], ...stopped });
    await says("leaves", /^Ready/);
    await says("stays", /^Stopped/);
    const { claims, unseen } = await notebookClaims(rig.client, known("leaves"));
    assert.deepEqual(unseen, []);
    assert.deepEqual(
      claims.map(({ name, size, others, goes }) => ({ name, size, others, goes })),
      [
        { name: "own", size: "1Gi", others: [], goes: false },
        { name: "shared", size: "1Gi", others: ["notebook stays"], goes: false },
      ],
    );
    await deleteNotebook(
      rig.client,
      known("leaves"),
      claims.filter(({ others }) => others.length === 0),
    );
    await says("leaves", /^gone$/);
    const left = (name: string) => findObject(rig.client, CLAIM, name, namespace);
    await until(
      "its claim to go",
      () => left("own"),
      (claim) => claim === undefined,
      60_000,
    );
    assert.equal((await left("shared"))?.metadata.deletionTimestamp, undefined);
  });

  it("says that no controller has taken it up, where its StatefulSet cannot even be made", async () => {
    const other = await makeNamespace(cleanup, rig.client, "forgotten");
    await rig.client.create<KubeObject>(RESOURCE_QUOTA, {
      ...{ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none", namespace: other } },
      ...{ spec: { hard: { "count/statefulsets.apps": "0" } } },
    });
    await until(
      "the quota to hold",
      () => rig.client.get<KubeObject & { status?: { hard?: object } }>(RESOURCE_QUOTA, "none", other),
      ({ status }) => status?.hard !== undefined,
    );
    await rig.client.create(NOTEBOOK, notebookObject("nobody", other));
    // Two minutes on.
    const clock = { ...systemClock, now: () => Date.now() + 120_000 };
    const theirs = new NamespaceNotebooks(rig.engine.cluster(rig.context), other, clock);
    cleanup.add(() => theirs.dispose());
    await theirs.answered(10_000);
    const [notebook] = await until(
      "it",
      () => Promise.resolve([...theirs.items]),
      (all) => all.length === 1,
    );
    assert.ok(notebook !== undefined);
    assert.equal(theirs.summary(notebook).detail, "no controller has taken it up");
    assert.equal(theirs.why(notebook)[0]?.next?.id, "install");
  });

  it("says when the culler stops it, by the controller's own settings", async () => {
    const put = async (kind: ResourceKind, object: KubeObject): Promise<void> => {
      const made = await rig.client.create<KubeObject>(kind, object);
      const { name, uid = "" } = made.metadata;
      cleanup.add(() => rig.client.delete(kind, name, "kubeflow", uid));
    };
    await put(CONFIG_MAP, {
      ...{
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "notebook-controller-config-x", namespace: "kubeflow" },
      },
      ...{ data: { ENABLE_CULLING: "true", CULL_IDLE_TIME: "180" } },
    });
    const labels = { app: "notebook-controller" };
    const envFrom = [{ configMapRef: { name: "notebook-controller-config-x" } }];
    await put(DEPLOYMENT, {
      ...{ apiVersion: "apps/v1", kind: "Deployment" },
      metadata: { name: "notebook-controller-deployment", namespace: "kubeflow" },
      ...{
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "manager", image: "any:1", envFrom }] } },
        },
      },
    });
    const used = new Date(Date.now() - 3_600_000).toISOString();
    await make("idle", { annotations: { "notebooks.kubeflow.org/last-activity": used } });
    await says("idle", /^Ready · idle for 1 h, stops in 1 h$/);
  });

  it("who may only look is told which right is missing, and nothing is done by half", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    const made = await rig.client.create(NOTEBOOK, notebookObject("any", "team-a"));
    const any = { name: "any", namespace: "team-a", uid: made.metadata.uid ?? "" };
    cleanup.add(() => rig.client.delete(NOTEBOOK, "any", "team-a", any.uid));
    const theirs = reader.engine.notebooks(reader.context, "team-a");
    cleanup.add(() => theirs.dispose());
    const ports = { client: reader.client, live: theirs, clock: systemClock };
    const steps: string[] = [];
    await assert.rejects(
      restartNotebook(ports, any, (step) => steps.push(step), NEVER),
      /may not patch notebooks/,
    );
    assert.deepEqual(steps, []);
    await assert.rejects(deleteNotebook(reader.client, any, []), /cannot delete resource "notebooks"/);
  });
});
