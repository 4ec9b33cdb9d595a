import assert from "node:assert/strict";
import { PipelineServer } from "./pipelineServer.ts";
import { type RunWish, startRecurring, startRun } from "./runs.ts";
import { parsePipeline } from "./spec/document.ts";
import { type Asked, Double } from "./testing/double.ts";
import { uploadPipeline } from "./uploads.ts";

const { signal } = new AbortController();
const NOW = Date.parse("2026-11-30T12:00:00Z");

/** A server that keeps what it is sent, as far as these requests go. */
class Kept {
  readonly pipelines: { pipeline_id: string; name: string; display_name: string }[] = [];
  readonly versions: Record<string, unknown>[] = [];
  readonly runs: Record<string, unknown>[] = [];
  readonly experiments: Record<string, unknown>[] = [];

  readonly answer = ({ method, path, query, body }: Asked): { status?: number; body: unknown } => {
    const at = path.replace("/apis/v2beta1", "");
    if (method === "GET" && at === "/pipelines") {
      const named = (query.get("filter") ?? "").includes("housing");
      return { body: { pipelines: named ? this.pipelines : [] } };
    }
    if (method === "GET" && at.endsWith("/versions"))
      return { body: { pipeline_versions: [...this.versions].reverse() } };
    if (at === "/pipelines/upload") {
      const name = query.get("name") ?? "";
      const made = { pipeline_id: `p-${this.pipelines.length}`, name, display_name: name };
      this.pipelines.push(made);
      this.#version(name, body);
      return { body: made };
    }
    if (at === "/pipelines/upload_version") return { body: this.#version(query.get("name") ?? "", body) };
    if (method === "POST") {
      const [list, id] =
        at === "/experiments"
          ? [this.experiments, "experiment_id"]
          : [this.runs, at === "/runs" ? "run_id" : "recurring_run_id"];
      const made = { ...(JSON.parse(body) as object), [id]: `id-${list.length}` };
      list.push(made);
      return { body: made };
    }
    return { body: { runs: this.runs, recurringRuns: this.runs, experiments: this.experiments } };
  };

  #version(name: string, body: string): Record<string, unknown> {
    const file = /\r\n\r\n([\s\S]*)\r\n--/.exec(body)?.[1] ?? "";
    const made = {
      pipeline_version_id: `v-${this.versions.length}`,
      display_name: name,
      pipeline_spec: JSON.parse(file) as unknown,
    };
    this.versions.push(made);
    return made;
  }
}

const source = (image: string, more = ""): string =>
  JSON.stringify({
    pipelineInfo: { name: "housing" },
    root: { dag: { tasks: {} } },
    sdkVersion: `kfp-2.4.0${more}`,
    x: image,
  });

describe("what is made at the pipelines' server", () => {
  let double: Double;
  let server: PipelineServer;
  let kept: Kept;

  beforeEach(async () => {
    double = await Double.start();
    kept = new Kept();
    double.answer = kept.answer;
    server = new PipelineServer(double.options);
  });

  afterEach(async () => {
    server.dispose();
    await double.stop();
  });

  /** Pauses pass at once. */
  async function inTime<T>(work: Promise<T>): Promise<T> {
    const over = new AbortController();
    const end = (): void => over.abort();
    work.then(end, end);
    while (!over.signal.aborted) {
      await double.clock.advance(1_000);
      await new Promise(setImmediate);
    }
    return work;
  }

  const upload = (text: string, more = {}) =>
    uploadPipeline(server, { document: parsePipeline(text), namespace: "", ...more }, NOW, signal);
  const posts = (): string[] => double.asked.filter(({ method }) => method === "POST").map(({ path }) => path);

  it("a pipeline, then versions of it; what is there already is not uploaded again, whoever compiled it", async () => {
    assert.deepEqual(await upload(source("a")), {
      ...{ pipeline: "p-0", pipelineName: "housing", version: "v-0", versionName: "housing", isNew: true },
    });
    assert.equal((await upload(source("a", "1"))).isNew, false);
    const second = await upload(source("b"));
    assert.deepEqual([second.version, second.versionName, second.isNew], ["v-1", "2026-11-30 12:00:00", true]);
    const first = await upload(source("a"));
    assert.deepEqual([first.version, first.isNew], ["v-0", false]);
    assert.deepEqual(
      posts().map((path) => path.replace(/.*\//, "")),
      ["upload", "upload_version"],
    );
  });

  it("an upload that breaks off after it has arrived is found, and not sent again", async () => {
    await upload(source("a"));
    double.hangUp = ({ path }) => path.endsWith("upload_version");
    const made = await upload(source("b"), { version: "b" });
    assert.deepEqual([made.version, made.versionName, made.isNew], ["v-1", "b", true]);
    assert.equal(kept.versions.length, 2);
  });

  it("a pipeline that is too large, or has no name, is refused before anything is sent", async () => {
    await assert.rejects(upload(source("a".repeat(33 * 2 ** 20))), { code: "too-large" });
    await assert.rejects(upload(source("a"), { name: " " }), { code: "name" });
    assert.deepEqual(double.asked, []);
  });

  it("a name that was taken meanwhile is said in the server's words", async () => {
    double.answer = ({ method, path }) =>
      method === "POST" && path.endsWith("/upload")
        ? { status: 409, body: { message: "The name housing already exist." } }
        : { body: {} };
    await assert.rejects(upload(source("a")), {
      code: "taken",
      message: "The pipeline was not uploaded. It says: The name housing already exist.",
    });
  });

  const wish: RunWish = {
    name: "first",
    source: { pipeline: "p-0", version: "v-0" },
    parameters: { epochs: 3 },
    experiment: "",
    serviceAccount: "",
    root: "",
  };

  it("a run is sent once, with what was wished and a mark; what is left out has the server's default", async () => {
    assert.equal(await startRun(server, wish, "", signal), "id-0");
    const [run] = kept.runs;
    assert.match(String(run?.["description"]), /^Started with Trainyard \([0-9a-f]{12}\)$/);
    assert.deepEqual(
      { ...run, description: "" },
      {
        ...{ display_name: "first", description: "", run_id: "id-0", runtime_config: { parameters: { epochs: 3 } } },
        pipeline_version_reference: { pipeline_id: "p-0", pipeline_version_id: "v-0" },
      },
    );
  });

  it("an experiment is made where there is none of that name, and found afterwards", async () => {
    const more = { experiment: "tuning", serviceAccount: "trainer", root: "s3://bucket/here" };
    for (const name of ["a", "b"]) await startRun(server, { ...wish, ...more, name }, "", signal);
    assert.equal(kept.experiments.length, 1);
    const [run] = kept.runs;
    assert.deepEqual([run?.["experiment_id"], run?.["service_account"]], ["id-0", "trainer"]);
    assert.deepEqual(run?.["runtime_config"], { parameters: { epochs: 3 }, pipeline_root: "s3://bucket/here" });
  });

  it("a run whose answer was lost is found by its mark; of one that never came nobody knows", async () => {
    double.hangUp = ({ method, path }) => method === "POST" && path.endsWith("/runs");
    assert.equal(await inTime(startRun(server, wish, "", signal)), "id-0");
    assert.equal(kept.runs.length, 1);
    double.answer = (asked) => (asked.method === "POST" ? { body: {} } : kept.answer(asked));
    await assert.rejects(inTime(startRun(server, { ...wish, name: "second" }, "", signal)), { code: "unclear" });
  });

  it("where it cannot be asked either, says that nobody knows", async () => {
    double.hangUp = ({ path }) => path.endsWith("/runs");
    await assert.rejects(inTime(startRun(server, wish, "", signal)), { code: "unclear" });
    assert.equal(kept.runs.length, 1);
  });

  it("a pipeline that goes along with its run, with what only Kubernetes knows", async () => {
    const pipeline = { pipelineInfo: { name: "x" }, root: {} };
    await startRun(server, { ...wish, source: { document: { pipeline, platform: {} } } }, "", signal);
    const platform = { platforms: { kubernetes: {} } };
    await startRun(server, { ...wish, source: { document: { pipeline, platform } } }, "", signal);
    const specs = kept.runs.map((run) => run["pipeline_spec"]);
    assert.deepEqual(specs, [pipeline, { pipeline_spec: pipeline, platform_spec: platform }]);
  });

  it("at a server for several people it is in an experiment, which is made where there is none", async () => {
    double.healthz = { ...double.healthz, multi_user: true };
    await startRun(server, wish, "team-a", signal);
    assert.deepEqual(
      kept.experiments.map(({ display_name: name, namespace }) => [name, namespace]),
      [["Default", "team-a"]],
    );
    assert.equal(kept.runs[0]?.["experiment_id"], "id-0");
  });

  it("who turns away before it is sent sends nothing; who does so afterwards hears of it", async () => {
    const turned = new AbortController();
    turned.abort();
    await assert.rejects(startRun(server, wish, "", turned.signal), { name: "CancelledError" });
    assert.equal(kept.runs.length, 0);
    const late = new AbortController();
    double.hangUp = (asked) => {
      if (asked.method === "POST") late.abort();
      return false;
    };
    assert.equal(await startRun(server, wish, "", late.signal), "id-0");
  });

  it("a recurring run has its schedule as the server writes it", async () => {
    const schedule = { trigger: { kind: "cron", cron: "0 0 9 * * 1" }, atOnce: 2, catchUp: false } as const;
    await startRecurring(server, wish, schedule, "", signal);
    const every = { trigger: { kind: "every", seconds: 3600 }, atOnce: 1, catchUp: true } as const;
    await startRecurring(server, wish, every, "", signal);
    const told = kept.runs.map(({ trigger, max_concurrency: most, no_catchup: not, mode }) => [
      trigger,
      most,
      not,
      mode,
    ]);
    assert.deepEqual(told, [
      [{ cron_schedule: { cron: "0 0 9 * * 1" } }, "2", true, "ENABLE"],
      [{ periodic_schedule: { interval_second: "3600" } }, "1", false, "ENABLE"],
    ]);
  });
});
