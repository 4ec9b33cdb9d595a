import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { parse } from "yaml";
import { silentLogger } from "../../src/core/log.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { connectPod } from "../../src/kube/streams/portForward.ts";
import { ClusterPipelines, type LiveList, type PipelineRun } from "../../src/pipelines/index.ts";
import { until } from "../editor/until.ts";
import {
  addVersion,
  describePipelines,
  type MadePipeline,
  makePipeline,
  MULTI_USER,
  PipelinesServer,
  PROFILE,
  readRun,
  runInState,
  SINGLE_USER,
  startRecurringRun,
  startRun,
} from "./pipelineFixtures.ts";
import { importing } from "./importingPipeline.ts";
import { Cleanup, kubeconfigOf, openRig, type Rig } from "./support.ts";

const DEPLOYMENT: ResourceKind = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};
const RBAC = "rbac.authorization.k8s.io";
const rbac = (plural: string, kind: string): ResourceKind => ({
  group: RBAC,
  version: "v1",
  plural,
  kind,
  namespaced: true,
});
const ROLE = rbac("roles", "Role");
const ROLE_BINDING = rbac("rolebindings", "RoleBinding");
const MANY = 120;

describePipelines("pipelines of a cluster", () => {
  const cleanup = new Cleanup();
  const { signal } = new AbortController();
  let rig: Rig;
  let server: PipelinesServer;
  let pipelines: ClusterPipelines;
  let pipeline: MadePipeline;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    server = new PipelinesServer(rig);
    pipeline = await makePipeline(cleanup, server, "seen", { prepare: "print('prepared'); print('twice')" });
    pipelines = rig.engine.pipelineDesk.open(rig.context);
    cleanup.add(() => pipelines.dispose());
  });

  after(function () {
    this.timeout(180_000);
    return cleanup.run();
  });

  /** The reader of an installation as another user, or of the other installation. */
  function reader(of: Rig, namespace: string = SINGLE_USER): ClusterPipelines {
    const { connection } = of.engine.cluster(of.context);
    const made = new ClusterPipelines({
      client: of.client,
      namespace,
      clock: systemClock,
      log: silentLogger,
      connect: (pod, port, ending) => connectPod({ connection, namespace, pod, port, signal: ending }),
    });
    cleanup.add(() => made.dispose());
    return made;
  }

  async function token(): Promise<string> {
    const path = `/api/v1/namespaces/${PROFILE.namespace}/serviceaccounts/${PROFILE.account}/token`;
    const spec = { audiences: ["pipelines.kubeflow.org"], expirationSeconds: 600 };
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
    return (await rig.client.json<{ status: { token: string } }>({ method: "POST", path, body })).status.token;
  }

  async function live<T extends LiveList | ClusterPipelines["access"]>(reading: T): Promise<T> {
    reading.look();
    return until(
      "an answer",
      () => Promise.resolve(reading),
      ({ state }) => state.kind === "live",
      20_000,
    );
  }

  const failure = (reading: ClusterPipelines["access"] | LiveList) =>
    until(
      "a refusal",
      () => Promise.resolve(reading.state),
      ({ kind }) => kind === "failed",
      20_000,
    );

  const seenRun = (list: LiveList, id: string) => {
    const item = list.value?.items.find((one) => one.id === id);
    return item?.kind === "run" ? item : undefined;
  };

  const runThat = (id: string, what: string, fits: (run: PipelineRun) => boolean): Promise<PipelineRun> =>
    until(
      `run ${id} to be seen ${what}`,
      () => Promise.resolve(seenRun(pipelines.list("runs", ""), id)),
      (run) => run !== undefined && fits(run),
      60_000,
    ).then((run) => run as PipelineRun);
  const runSeen = (id: string, ...states: readonly string[]): Promise<PipelineRun> =>
    runThat(id, states.join(" or "), ({ state }) => states.includes(state));
  /** The server may tell a run's end before that of its tasks. */
  const tasksSeen = (id: string, states: string): Promise<PipelineRun> =>
    runThat(id, states, ({ tasks }) => tasks.map(({ name, state }) => `${name} ${state}`).join() === states);

  it("are reached by port-forward to a ready pod, and say which server it is", async () => {
    const { value } = await live(pipelines.access);
    assert.deepEqual(value, { way: "port-forward", multiUser: false, version: "2.0.5" });
  });

  it("are listed with their versions", async () => {
    await addVersion(server, pipeline, "second");
    const all = await live(pipelines.list("pipelines", ""));
    assert.ok(
      all.value?.items.some(
        ({ id, name, kind }) => id === pipeline.id && name === pipeline.name && kind === "pipeline",
      ),
    );
    const versions = await live(pipelines.list("versions", "", pipeline.id));
    assert.deepEqual(versions.value?.items.map(({ name }) => name).sort(), ["second", pipeline.name].sort());
    const second = versions.value.items.find(({ name }) => name === "second");
    assert.ok(second !== undefined && second.created > Date.now() - 3_600_000);
    const yaml = parse(await pipelines.yaml(second, "", pipeline.id, signal)) as { pipeline_spec: { root: object } };
    assert.ok("dag" in yaml.pipeline_spec.root);
  });

  it("a run is seen to run and to succeed within 15 s of the server's own word, with its tasks", async () => {
    const list = await live(pipelines.list("runs", ""));
    const slow = await makePipeline(cleanup, server, "slow", { prepare: "import time; time.sleep(12)" });
    const id = await startRun(cleanup, server, slow, { name: "to be watched" });
    list.refresh();
    const first = await runSeen(id, "Waiting", "Running");
    const saw: string[] = [first.state];
    const listening = list.onDidChange(() => saw.push(seenRun(list, id)?.state ?? ""));
    await runInState(server, id, "SUCCEEDED", "FAILED");
    const said = performance.now();
    const run = await runSeen(id, "Succeeded", "Failed");
    const late = performance.now() - said;
    listening.dispose();
    console.log(`      seen ${Math.round(late)} ms after the server said it (${[...new Set(saw)].join(" → ")})`);
    assert.ok(late < 15_000, `${late} ms`);
    assert.ok(saw.includes("Running"));
    await tasksSeen(id, "prepare Succeeded,train Succeeded");
    assert.ok((run.finished ?? 0) - (run.started ?? 0) >= 12_000);
    const yaml = parse(await pipelines.yaml(run, "", "", signal)) as { run_id: string };
    assert.equal(yaml.run_id, id);
  });

  it("the logs of a run are those of its pods, by task", async () => {
    const id = await startRun(cleanup, server, pipeline, { name: "a good run", message: "it's 42" });
    await runInState(server, id, "SUCCEEDED");
    pipelines.list("runs", "").refresh();
    await runSeen(id, "Succeeded");
    const run = await tasksSeen(id, "prepare Succeeded,train Succeeded");
    const logs = await pipelines.logs(run, "", undefined, signal);
    assert.deepEqual(
      logs.map(({ task, container }) => [task, container?.namespace, container?.container]),
      [
        ["prepare", SINGLE_USER, "main"],
        ["train", SINGLE_USER, "main"],
      ],
    );
    // This release looks for the pods of one person's runs in no namespace, and answers with nothing at all.
    await assert.rejects(logs[0]?.read(signal) ?? Promise.resolve(), { code: "no-log" });
    const [only, ...others] = await pipelines.logs(run, "", "train", signal);
    assert.deepEqual([only?.task, others.length], ["train", 0]);
    // The names that the tasks tell are the pods' own: who may not list pods asks the server by them.
    assert.deepEqual(
      run.tasks.map(({ pods }) => pods[0]),
      logs.map(({ pod }) => pod),
    );
  });

  it("a run that failed names the task, its pod says how, and it goes when it is deleted", async () => {
    const failing = await makePipeline(cleanup, server, "failing", { prepare: "raise SystemExit(3)" });
    const id = await startRun(cleanup, server, failing, { name: "a bad run" });
    await runInState(server, id, "FAILED");
    pipelines.list("runs", "").refresh();
    const run = await runSeen(id, "Failed");
    await tasksSeen(id, "prepare Failed,train Skipped");
    const pods = await pipelines.logs(run, "", "prepare", signal);
    assert.deepEqual([pods[0]?.why, pods[0]?.uid === ""], ["ended with exit code 3", false]);
    await pipelines.remove(run, "", "", signal);
    assert.equal((await server.send("GET", `/runs/${id}`)).code, 404);
  });

  it("a recurring run is listed with its schedule, and whether it is enabled", async () => {
    const id = await startRecurringRun(cleanup, server, pipeline, { name: "every hour", seconds: 3600 });
    const list = await live(pipelines.list("recurring", ""));
    const seen = () => list.value?.items.find((one) => one.id === id);
    const item = seen();
    assert.ok(item?.kind === "recurring");
    assert.deepEqual([item.name, item.enabled, item.schedule], ["every hour", true, "every 1 h"]);
    await server.post(`/recurringruns/${id}:disable`);
    list.refresh();
    await until(
      "the disabled one",
      () => Promise.resolve(seen()),
      (one) => one?.kind === "recurring" && !one.enabled,
    );
    assert.match(await pipelines.yaml(item, "", "", signal), /recurring_run_id/);
    await pipelines.remove(item, "", "", signal);
    assert.equal((await server.send("GET", `/recurringruns/${id}`)).code, 404);
  });

  it(`${MANY} runs come page by page, newest first, each once; archived ones are left out`, async function () {
    this.timeout(180_000);
    const name = `many-${randomBytes(3).toString("hex")}`;
    const made = (await server.upload(`/pipelines/upload?name=${name}`, importing(name))) as { pipeline_id: string };
    cleanup.add(async () => {
      await server.send("DELETE", `/pipelines/${made.pipeline_id}`);
    });
    const { pipeline_versions: versions } = (await server.get(`/pipelines/${made.pipeline_id}/versions`)) as {
      pipeline_versions: [{ pipeline_version_id: string }];
    };
    const version = versions[0].pipeline_version_id;
    cleanup.add(async () => {
      await server.send("DELETE", `/pipelines/${made.pipeline_id}/versions/${version}`);
    });
    const started: string[] = [];
    for (let i = 0; i < MANY; i += 8) {
      const some = Array.from({ length: 8 }, (_, at) =>
        startRun(cleanup, server, { id: made.pipeline_id, name, version }, { name: `many ${i + at}` }),
      );
      started.push(...(await Promise.all(some)));
    }
    const own = reader(rig);
    const list = own.list("runs", "");
    const asked = performance.now();
    await live(list);
    console.log(`      first page after ${Math.round(performance.now() - asked)} ms, the way in included`);
    assert.equal(list.value?.items.length, 20);
    assert.ok((list.value.total ?? 0) >= MANY);
    for (let pages = 2; list.value.hasMore; pages++) {
      list.more();
      await until(
        `page ${pages}`,
        () => Promise.resolve(list.value?.pages.length ?? 0),
        (count) => count >= pages,
      );
    }
    const ids = list.value.items.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      started.filter((id) => !ids.includes(id)),
      [],
    );
    const times = list.value.items.map(({ created }) => created);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );

    const [first = ""] = started;
    await until(
      "its end",
      () => readRun(server, first),
      ({ state }) => state === "SUCCEEDED",
      60_000,
    );
    await server.post(`/runs/${first}:archive`);
    list.refresh();
    await until(
      "the archived run to go",
      () => Promise.resolve(seenRun(list, first)),
      (run) => run === undefined,
    );
    own.dispose();
  });

  it("who may neither forward a port nor use the Service's proxy is told which right is missing", async () => {
    const narrow = reader(await openRig(cleanup, kubeconfigOf("narrow")));
    narrow.access.look();
    const state = await failure(narrow.access);
    assert.ok(state.kind === "failed");
    assert.match(
      state.error.message,
      /^Pipelines were not reached\. You may not list pods in kubeflow: pods is forbidden: User "narrow" cannot list .*An administrator can allow it\.$/,
    );
  });

  it("who may use the Service's proxy alone goes that way; the refused port-forward is said to others", async () => {
    const metadata = { name: `proxy-${randomBytes(3).toString("hex")}`, namespace: SINGLE_USER };
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
    const role = { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules };
    const { uid = "" } = (await rig.client.create<KubeObject>(ROLE, role)).metadata;
    cleanup.add(() => rig.client.delete(ROLE, metadata.name, SINGLE_USER, uid));
    const binding = await rig.client.create<KubeObject>(ROLE_BINDING, {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      ...{
        roleRef: { apiGroup: RBAC, kind: "Role", name: metadata.name },
        subjects: [{ apiGroup: RBAC, kind: "User", name: "narrow" }],
      },
    });
    cleanup.add(() => rig.client.delete(ROLE_BINDING, metadata.name, SINGLE_USER, binding.metadata.uid ?? ""));
    const narrow = reader(await openRig(cleanup, kubeconfigOf("narrow")));
    narrow.access.look();
    const words = /cannot (get|create) resource "pods\/portforward"/;
    await until(
      "the refused port-forward",
      () => Promise.resolve(narrow.access.state),
      (state) => state.kind === "failed" && words.test(state.error.message),
      20_000,
    );
    const proxy = { apiGroups: [""], resources: ["services/proxy"], verbs: ["get"] };
    await rig.client.patch<KubeObject>(ROLE, metadata.name, SINGLE_USER, { rules: [...rules, proxy] });
    // Nobody does anything: it is tried again by itself.
    const { value } = await live(narrow.access);
    assert.deepEqual(value, { way: "service proxy", multiUser: false, version: "2.0.5" });
    const list = await live(narrow.list("pipelines", ""));
    assert.ok(list.value?.items.some(({ id }) => id === pipeline.id));
  });

  it("for many users: a token for each profile, and words where there is none", async () => {
    const many = reader(rig, MULTI_USER);
    assert.equal((await live(many.access)).value?.multiUser, true);
    const { namespace } = PROFILE;
    const own = new PipelinesServer(rig, MULTI_USER, { authorization: `Bearer ${await token()}` });
    const made = await makePipeline(cleanup, own, "ours", {}, namespace);
    const experiment = { display_name: made.name, namespace };
    const { experiment_id } = (await own.post("/experiments", experiment)) as { experiment_id: string };
    const id = await startRun(cleanup, own, made, { name: "a run of a team", experiment: experiment_id });
    assert.equal((await runInState(own, id, "SUCCEEDED", "FAILED")).state, "SUCCEEDED");
    const run = seenRun(await live(many.list("runs", namespace)), id);
    assert.equal(run?.state, "Succeeded");
    const logs = await many.logs(run, namespace, undefined, signal);
    assert.deepEqual(
      logs.map(({ task, container }) => [task, container?.namespace]),
      [
        ["prepare", namespace],
        ["train", namespace],
      ],
    );
    assert.equal(await logs[0]?.read(signal), "prepared\n");
    const pipelinesOfTeam = await live(many.list("pipelines", namespace));
    assert.ok(pipelinesOfTeam.value?.items.some((one) => one.id === made.id));
    const other = many.list("runs", "default");
    other.look();
    const state = await failure(other);
    assert.ok(state.kind === "failed");
    assert.match(state.error.message, /default has no account default-editor: it is not the namespace of a profile\.$/);
  });

  it("a server that goes is said with the age of what was read; its rows stay, and go on when it is back", async () => {
    const gone = reader(rig);
    const list = await live(gone.list("pipelines", ""));
    const rows = list.value?.items.length ?? 0;
    assert.ok(rows > 0);
    const scale = (replicas: number): Promise<unknown> =>
      rig.client.patch<KubeObject>(DEPLOYMENT, "ml-pipeline", SINGLE_USER, { spec: { replicas } });
    const before = Date.now();
    await scale(0);
    cleanup.add(async () => {
      await scale(1);
      await live(reader(rig).access);
    });
    await until(
      "stale rows",
      () => {
        list.refresh();
        return Promise.resolve(list.state);
      },
      ({ kind }) => kind === "stale",
      30_000,
    );
    const { state } = list;
    assert.ok(state.kind === "stale" && state.since <= Date.now() && state.since > before - 120_000);
    assert.match(state.why, /No pod of ml-pipeline in kubeflow is ready|was not reached|connection/);
    assert.equal(list.value?.items.length, rows);
    await scale(1);
    const returned = performance.now();
    await until(
      "live rows",
      () => Promise.resolve(list.state),
      ({ kind }) => kind === "live",
      60_000,
    );
    console.log(`      back ${Math.round(performance.now() - returned)} ms after its pod was wanted again`);
  });
});
