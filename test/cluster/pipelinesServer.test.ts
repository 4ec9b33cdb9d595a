import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/objects.ts";
import { until } from "../editor/until.ts";
import {
  addVersion,
  describePipelines,
  type MadePipeline,
  makePipeline,
  MULTI_USER,
  PARAMETER,
  PipelinesServer,
  podsOfRun,
  PROFILE,
  readRun,
  type Run,
  runInState,
  startRecurringRun,
  startRun,
} from "./pipelineFixtures.ts";
import { Cleanup, CONFIG_MAP, kubeconfigOf, openRig, podLog, type Rig } from "./support.ts";

interface Page {
  readonly total_size?: number;
  readonly next_page_token?: string;
  readonly [list: string]: unknown;
}

interface Argo extends KubeObject {
  readonly status?: { readonly nodes?: Record<string, { displayName: string; phase: string; message?: string }> };
}

interface Details {
  readonly task_details: readonly { readonly display_name: string; readonly state: string }[];
}

const NODE_NAME = "workflows.argoproj.io/node-name";

describePipelines("Kubeflow Pipelines in the sandbox", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let server: PipelinesServer;
  let pipeline: MadePipeline;
  let recurring: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    server = new PipelinesServer(rig);
    pipeline = await makePipeline(cleanup, server, "road", { prepare: "print('prepared'); print('twice')" });
    // Its controller looks every ten seconds: the other tests go on meanwhile.
    const wish = { name: "every second", seconds: 1, message: "by the clock" };
    recurring = await startRecurringRun(cleanup, server, pipeline, wish);
  });

  after(() => cleanup.run());

  const log = ({ metadata: { name, namespace = "" } }: KubeObject): Promise<string> =>
    podLog(rig.client, namespace, name, "main");

  /** Phase of each node of a run's Workflow, by the name that a person reads. */
  async function nodes(id: string): Promise<Record<string, string>> {
    const path = `/apis/argoproj.io/v1alpha1/namespaces/kubeflow/workflows?labelSelector=pipeline%2Frunid%3D${id}`;
    const { items } = await rig.client.json<{ items: Argo[] }>({ method: "GET", path });
    const found = Object.values(items[0]?.status?.nodes ?? {});
    return Object.fromEntries(found.map(({ displayName, phase }) => [displayName, phase]));
  }

  it("says its version to whoever asks, and to every user of the cluster", async () => {
    const health = { commit_sha: "c5658f09ec38", tag_name: "2.0.5", multi_user: false };
    assert.deepEqual(await server.get("/healthz"), health);
    const narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const map = await narrow.client.get<KubeObject & { data: object }>(
      CONFIG_MAP,
      "kubeflow-pipelines-public",
      "kubeflow",
    );
    assert.deepEqual(map.data, { kubeflow_pipelines_version: "2.0.5" });
  });

  it("keeps pipelines with their versions, page by page", async () => {
    await addVersion(server, pipeline, "second");
    await addVersion(server, pipeline, "third");
    const names: string[] = [];
    let token = "";
    for (let pages = 0; pages === 0 || token !== ""; pages++) {
      assert.ok(pages < 3, "more pages than versions");
      const query = `page_size=1&sort_by=created_at%20asc&page_token=${encodeURIComponent(token)}`;
      const page = (await server.get(`/pipelines/${pipeline.id}/versions?${query}`)) as Page;
      assert.equal(page.total_size, 3);
      const versions = page["pipeline_versions"] as { display_name: string; pipeline_spec: { root: object } }[];
      for (const { display_name, pipeline_spec } of versions) {
        names.push(display_name);
        assert.ok("dag" in pipeline_spec.root);
      }
      token = page.next_page_token ?? "";
    }
    // Times are whole seconds: which of them comes first is not certain.
    assert.deepEqual(names.sort(), [pipeline.name, "second", "third"].sort());
  });

  it("carries out a run in real pods, whose logs can be read", async () => {
    const id = await startRun(cleanup, server, pipeline, { name: "a good run", message: "it's 42" });
    const run = await runInState(server, id, "SUCCEEDED", "FAILED");
    assert.equal(run.state, "SUCCEEDED");
    const pods = await podsOfRun(rig, id);
    const logs = await Promise.all(
      pods.map(async (pod) => [pod.metadata.annotations?.[NODE_NAME]?.split(".").slice(1).join("."), await log(pod)]),
    );
    assert.deepEqual(Object.fromEntries(logs), {
      "root.prepare.executor": "prepared\ntwice\n",
      "root.train.executor": "it's 42\n",
    });
    // A run's own state may be there before those of its tasks.
    const train = ({ run_details }: Run) =>
      (run_details as Details).task_details.find(({ display_name }) => display_name === "train")?.state;
    await until(
      "the state of its task",
      () => readRun(server, id),
      (seen) => train(seen) === "SUCCEEDED",
    );
  });

  it("says of a run which task failed, and leaves out what comes after it", async () => {
    const failing = await makePipeline(cleanup, server, "failing", { prepare: "raise SystemExit(3)" });
    const id = await startRun(cleanup, server, failing, { name: "a bad run" });
    const run = await runInState(server, id, "SUCCEEDED", "FAILED");
    assert.equal(run.state, "FAILED");
    const seen = await nodes(id);
    assert.deepEqual([seen["prepare"], seen["train-driver"], seen["train"]], ["Failed", "Omitted", "Omitted"]);
    assert.equal((await podsOfRun(rig, id)).length, 1);
  });

  it("ends a run that is told to stop, and does it again when asked", async () => {
    const slow = await makePipeline(cleanup, server, "slow", {
      prepare: "import time; print('on', flush=True); time.sleep(600)",
    });
    const id = await startRun(cleanup, server, slow, { name: "a stopped run" });
    await runInState(server, id, "RUNNING");
    await server.post(`/runs/${id}:terminate`);
    // This release calls a stopped run a failed one.
    const stopped = await runInState(server, id, "CANCELED", "FAILED", "SUCCEEDED");
    assert.equal(stopped.state, "FAILED");
    await server.post(`/runs/${id}:retry`);
    await runInState(server, id, "RUNNING");
  });

  it("lists a recurring run, and starts what it is for", async () => {
    const page = (await server.get("/recurringruns?page_size=200")) as Page;
    const listed = (page["recurringRuns"] as { recurring_run_id: string; display_name: string; status: string }[]).find(
      (one) => one.recurring_run_id === recurring,
    );
    assert.deepEqual([listed?.display_name, listed?.status], ["every second", "ENABLED"]);
    const started = async () =>
      ((await server.get("/runs?page_size=200")) as Page)["runs"] as { recurring_run_id?: string }[];
    await until("a run of it", started, (runs) => runs.some((run) => run.recurring_run_id === recurring), 40_000);
  });

  it("for many users: asks the cluster who somebody is, and what they may do", async () => {
    const path = `/api/v1/namespaces/${PROFILE.namespace}/serviceaccounts/${PROFILE.account}/token`;
    const spec = { audiences: ["pipelines.kubeflow.org"], expirationSeconds: 600 };
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
    const { status } = await rig.client.json<{ status: { token: string } }>({ method: "POST", path, body: request });
    const named = new PipelinesServer(rig, MULTI_USER, { authorization: `Bearer ${status.token}` });
    const nameless = new PipelinesServer(rig, MULTI_USER);
    const runs = (namespace: string) => `/runs?namespace=${namespace}`;
    assert.equal((await nameless.send("GET", runs("team-a"))).code, 401);
    assert.deepEqual(await named.get(runs("team-a")), {});
    assert.equal((await named.send("GET", runs("team-b"))).code, 403);

    const own = await makePipeline(cleanup, named, "ours", {}, PROFILE.namespace);
    const experiment = (await named.post("/experiments", {
      display_name: own.name,
      namespace: PROFILE.namespace,
    })) as { experiment_id: string };
    const wish = { name: "a run of a team", experiment: experiment.experiment_id };
    const id = await startRun(cleanup, named, own, wish);
    assert.equal((await runInState(named, id, "SUCCEEDED", "FAILED")).state, "SUCCEEDED");
    const [first, ...others] = await podsOfRun(rig, id, PROFILE.namespace);
    assert.ok(first !== undefined && others.length === 1);
    const texts = await Promise.all([first, ...others].map(log));
    assert.deepEqual(texts.sort(), [`${PARAMETER.value}\n`, "prepared\n"]);
  });
});
