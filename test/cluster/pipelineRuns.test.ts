import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { silentLogger } from "../../src/core/log.ts";
import { systemClock } from "../../src/core/clock.ts";
import { readWhole } from "../../src/kube/body.ts";
import { connectPod } from "../../src/kube/streams/portForward.ts";
import {
  actOnRun,
  ClusterPipelines,
  experiments,
  type ListKind,
  parsePipeline,
  type PipelineItem,
  type RunWish,
  setRecurring,
  settingsOf,
  startRecurring,
  startRun,
  type Uploaded,
  uploadPipeline,
} from "../../src/pipelines/index.ts";
import { until } from "../editor/until.ts";
import {
  describePipelines,
  MULTI_USER,
  PARAMETER,
  PipelinesServer,
  PROFILE,
  runInState,
  SINGLE_USER,
  twoTasks,
} from "./pipelineFixtures.ts";
import { Cleanup, kubeconfigOf, openRig, type Rig } from "./support.ts";

describePipelines("pipelines that are uploaded and run from here", () => {
  const cleanup = new Cleanup();
  const { signal } = new AbortController();
  const name = `made-${randomBytes(3).toString("hex")}`;
  let rig: Rig;
  let raw: PipelinesServer;
  let pipelines: ClusterPipelines;
  let uploaded: Uploaded;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    raw = new PipelinesServer(rig);
    pipelines = rig.engine.pipelineDesk.open(rig.context);
    cleanup.add(() => pipelines.dispose());
    uploaded = await upload(twoTasks(name));
    cleanup.add(async () => {
      for (const { id } of pipelines.list("versions", "", uploaded.pipeline).value?.items ?? [])
        await raw.remove(`/pipelines/${uploaded.pipeline}/versions/${id}`);
      await raw.remove(`/pipelines/${uploaded.pipeline}`);
    });
  });

  after(function () {
    this.timeout(180_000);
    return cleanup.run();
  });

  const upload = (source: string, version?: string): Promise<Uploaded> =>
    uploadPipeline(
      pipelines.server,
      { document: parsePipeline(source), namespace: "", ...(version === undefined ? {} : { version }) },
      Date.now(),
      signal,
    );

  /** Waits until the list is as it should be. */
  function shown(
    kind: ListKind,
    fits: (items: readonly PipelineItem[]) => boolean,
    { of = pipelines, parent = "", namespace = "" } = {},
  ): Promise<readonly PipelineItem[]> {
    const list = of.list(kind, namespace, parent);
    list.look();
    of.changed();
    return until(kind, () => Promise.resolve(list.value?.items ?? []), fits, 20_000);
  }
  const has = (id: string) => (items: readonly PipelineItem[]) => items.some((item) => item.id === id);

  const wish = (more: Partial<RunWish> = {}): RunWish => ({
    name: `run of ${name}`,
    source: uploaded,
    parameters: {},
    experiment: "",
    serviceAccount: "",
    root: "",
    ...more,
  });

  async function start(more: Partial<RunWish> = {}): Promise<string> {
    const id = await startRun(pipelines.server, wish(more), "", signal);
    cleanup.add(() => raw.remove(`/runs/${id}`));
    return id;
  }

  it("uploads a pipeline and a version, and what is there already not again", async () => {
    assert.equal(uploaded.isNew, true);
    assert.equal((await upload(`# compiled anew\n${twoTasks(name)}`)).isNew, false);
    const second = await upload(twoTasks(name, { prepare: "print('other')" }), "second");
    assert.deepEqual([second.isNew, second.pipeline, second.versionName], [true, uploaded.pipeline, "second"]);
    assert.deepEqual(await upload(twoTasks(name)), { ...uploaded, isNew: false });
    await shown("versions", (items) => items.length === 2, { parent: uploaded.pipeline });
    await assert.rejects(upload(twoTasks(name, { prepare: "print('third')" }), "second"), { code: "taken" });
  });

  it("runs a version with values, in an experiment that is made for it, and tells what it was started with", async () => {
    const experiment = `tuning ${name}`;
    const id = await start({ parameters: { [PARAMETER.name]: "said" }, experiment });
    await runInState(raw, id, "SUCCEEDED");
    const run = (await shown("runs", has(id))).find((item) => item.id === id);
    assert.ok(run?.kind === "run");
    const [log] = await pipelines.logs(run, "", "train", signal);
    const path = `/api/v1/namespaces/${SINGLE_USER}/pods/${log?.pod ?? ""}/log?container=main`;
    const response = await rig.client.stream({ method: "GET", path });
    assert.match(await readWhole(response, { signal, clock: systemClock }), /said/);
    const known = await experiments(pipelines.server, "", signal);
    assert.equal(known.filter((one) => one.name === experiment).length, 1);
    const settings = await settingsOf(pipelines.server, { kind: "run", id }, "", signal);
    assert.deepEqual(settings.parameters, { [PARAMETER.name]: "said" });
    assert.deepEqual(settings.source, { pipeline: uploaded.pipeline, version: uploaded.version });
    assert.equal(settings.experiment, experiment);
    assert.deepEqual(
      settings.spec.tasks.map((task) => [task.name, task.dependsOn]),
      [
        ["prepare", []],
        ["train", ["prepare"]],
      ],
    );
  });

  it("runs a pipeline that goes along, stops it, tries it again, archives and restores it", async () => {
    const document = parsePipeline(twoTasks(name, { prepare: "import time; time.sleep(60)" }));
    const id = await start({ source: { document }, name: `${name} stopped` });
    const run = (await shown("runs", has(id))).find((item) => item.id === id);
    assert.ok(run?.kind === "run");
    const logs = () => pipelines.logs(run, "", undefined, signal);
    await until("its task", logs, (found) => found.some(({ container }) => container !== undefined), 30_000);
    await actOnRun(pipelines.server, id, "terminate", "", signal);
    await runInState(raw, id, "CANCELED", "FAILED");
    await actOnRun(pipelines.server, id, "archive", "", signal);
    await shown("archived", has(id));
    await shown("runs", (items) => !has(id)(items));
    await actOnRun(pipelines.server, id, "unarchive", "", signal);
    await shown("runs", has(id));
    const settings = await settingsOf(pipelines.server, { kind: "run", id }, "", signal);
    assert.ok("document" in settings.source);
  });

  it("tries a failed run again: what has succeeded stays", async () => {
    const document = parsePipeline(twoTasks(name, { train: "import sys; sys.exit(3)" }));
    const id = await start({ source: { document }, name: `${name} failed` });
    await runInState(raw, id, "FAILED");
    await actOnRun(pipelines.server, id, "retry", "", signal);
    await runInState(raw, id, "FAILED");
  });

  it("makes a recurring run, stops it and starts it again", async () => {
    const schedule = { trigger: { kind: "cron", cron: "0 0 9 * * 1" }, atOnce: 1, catchUp: false } as const;
    const id = await startRecurring(pipelines.server, wish(), schedule, "", signal);
    cleanup.add(() => raw.remove(`/recurringruns/${id}`));
    const is = (enabled: boolean) => (items: readonly PipelineItem[]) =>
      items.some((item) => item.id === id && item.kind === "recurring" && item.enabled === enabled);
    await shown("recurring", is(true));
    await setRecurring(pipelines.server, id, false, "", signal);
    await shown("recurring", is(false));
    await setRecurring(pipelines.server, id, true, "", signal);
    await shown("recurring", is(true));
    const settings = await settingsOf(pipelines.server, { kind: "recurring", id }, "", signal);
    assert.equal(settings.spec.name, name);
  });

  it("says in the server's words what it does not take", async () => {
    await assert.rejects(start({ source: { ...uploaded, version: "00000000-0000-0000-0000-000000000000" } }), {
      code: "gone",
      message: /^The run was not started\. It says: /,
    });
  });

  it("does the same at a server for several people, in a profile, with its token", async () => {
    const { connection } = rig.engine.cluster(rig.context);
    const many = new ClusterPipelines({
      client: rig.client,
      namespace: MULTI_USER,
      clock: systemClock,
      log: silentLogger,
      connect: (pod, port, ending) => connectPod({ connection, namespace: MULTI_USER, pod, port, signal: ending }),
    });
    cleanup.add(() => many.dispose());
    const { namespace } = PROFILE;
    // Under way until it is stopped.
    const document = parsePipeline(twoTasks(`${name}-m`, { prepare: "import time; time.sleep(60)" }));
    const upload = () => uploadPipeline(many.server, { document, namespace }, Date.now(), signal);
    const own = await upload();
    assert.equal(own.isNew, true);
    const again = await upload();
    assert.deepEqual(again, { ...own, isNew: false });
    const id = await startRun(many.server, wish({ source: own }), namespace, signal);
    cleanup.add(() => many.server.remove(`/runs/${id}`, namespace, signal));
    await shown("runs", has(id), { of: many, namespace });
    const run = many.openRun(id, namespace);
    run.look();
    await until(
      "its Workflow",
      () => Promise.resolve(run.value?.source),
      (source) => source === "workflow",
    );
    await actOnRun(many.server, id, "terminate", namespace, signal);
    await until(
      "its stop",
      () => Promise.resolve(run.value?.run.state),
      (state) => state === "Stopped",
      30_000,
    );
    const states = [...(run.value?.progress.values() ?? [])].map(({ state }) => state);
    assert.ok(states.length === 2 && states.every((state) => state !== "Failed" && state !== "Waiting"), states.join());
  });
});
