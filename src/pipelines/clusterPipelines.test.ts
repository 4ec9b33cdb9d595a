import assert from "node:assert/strict";
import { turns, until } from "../kube/testing/manualClock.ts";
import type { ClusterPipelines, LiveList } from "./clusterPipelines.ts";
import { type Asked, Double, run } from "./testing/double.ts";

/** Runs 1 (oldest) to `count`, newest first, by keyset tokens as the server has them. */
function listing(ids: () => readonly string[], state: (id: string) => string = () => "SUCCEEDED") {
  return ({ query }: Asked) => {
    const size = Number(query.get("page_size"));
    const all = ids();
    const from = Math.max(0, all.indexOf(query.get("page_token") ?? ""));
    const next = all[from + size];
    const runs = all.slice(from, from + size).map((id) => run(id, state(id)));
    return { body: { runs, total_size: all.length, ...(next === undefined ? {} : { next_page_token: next }) } };
  };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `r${count - i}`);

describe("lists of Kubeflow Pipelines", () => {
  let double: Double;
  let pipelines: ClusterPipelines;
  let runs: LiveList;
  let told: number;

  beforeEach(async () => {
    double = await Double.start();
    pipelines = double.open();
    runs = pipelines.list("runs", "");
    told = 0;
    runs.onDidChange(() => told++);
  });

  afterEach(async () => {
    pipelines.dispose();
    await double.stop();
  });

  const seen = (): readonly string[] => runs.value?.items.map(({ id }) => id) ?? [];
  const asks = async (count: number): Promise<void> => {
    await until(`${count} requests`, () => double.asked.length >= count);
    await until("an answer", () => runs.state.kind !== "loading");
    await turns(20);
    assert.equal(double.asked.length, count);
  };

  it("read nothing before a look, then one page, without archived runs, newest first", async () => {
    double.answer = listing(() => ids(120));
    await turns(20);
    assert.equal(double.asked.length, 0);
    runs.look();
    await asks(1);
    const query = Object.fromEntries(double.asked[0]?.query ?? []);
    const filter = { predicates: [{ operation: "EQUALS", key: "storage_state", string_value: "AVAILABLE" }] };
    assert.deepEqual(query, { page_size: "20", sort_by: "created_at desc", filter: JSON.stringify(filter) });
    assert.deepEqual([seen().length, runs.value?.total, runs.value?.hasMore], [20, 120, true]);
  });

  it("read one page more when asked, each row once, to the last", async () => {
    double.answer = listing(() => ids(45));
    runs.look();
    await asks(1);
    runs.more();
    await asks(2);
    runs.more();
    await asks(3);
    assert.deepEqual([seen(), runs.value?.hasMore], [ids(45), false]);
  });

  it("read again only the pages that are old or begin elsewhere: 10 s with runs under way, 60 s without", async () => {
    let all = ids(40);
    let active = "r40";
    double.answer = listing(
      () => all,
      (id) => (id === active ? "RUNNING" : "SUCCEEDED"),
    );
    runs.look();
    await asks(1);
    runs.more();
    await asks(2);
    await double.clock.advance(10_000);
    await asks(3);
    assert.equal(double.asked[2]?.query.has("page_token"), false);
    active = "";
    all = ids(41);
    await double.clock.advance(10_000);
    await asks(5);
    assert.deepEqual(seen(), all.slice(0, 40));
    await double.clock.advance(59_000);
    await asks(5);
    await double.clock.advance(1_000);
    await asks(7);
  });

  it("tell nothing where nothing has changed", async () => {
    double.answer = listing(() => ids(3));
    runs.look();
    await asks(1);
    const before = told;
    await double.clock.advance(60_000);
    await asks(2);
    assert.equal(told, before);
  });

  it("read nothing while nobody sees them, and at once when somebody does again", async () => {
    double.answer = listing(() => ids(3));
    runs.look();
    await asks(1);
    runs.rest();
    await double.clock.advance(600_000);
    await asks(1);
    runs.look();
    await asks(2);
    runs.rest();
    runs.look();
    await asks(2);
  });

  it("keep their rows with their age when a read fails, try again with growing pauses, and go on", async () => {
    double.answer = listing(() => ids(3));
    runs.look();
    await asks(1);
    const readAt = double.clock.now();
    double.answer = () => ({ status: 503, body: { message: "the database is away" } });
    await double.clock.advance(60_000);
    await asks(2);
    const why = "The pipelines' server did not give this. It says: the database is away.";
    assert.deepEqual(runs.state, { kind: "stale", since: readAt, why });
    assert.equal(seen().length, 3);
    for (const [index, pause] of [800, 1_600, 3_200, 6_400].entries()) {
      await double.clock.advance(pause - 1);
      await asks(2 + index);
      await double.clock.advance(1);
      await asks(3 + index);
    }
    double.answer = listing(() => ids(4));
    pipelines.retry();
    await asks(7);
    assert.deepEqual([runs.state.kind, seen().length], ["live", 4]);
  });

  it("say why nothing could be read yet, and are read when a person asks", async () => {
    double.answer = () => ({ status: 403, body: { message: "no" } });
    runs.look();
    await asks(1);
    assert.equal(runs.state.kind, "failed");
    double.answer = listing(() => ids(1));
    pipelines.refresh();
    await asks(2);
    assert.deepEqual(seen(), ["r1"]);
  });

  it("drop what has no usable id, and what a server sends twice or beyond the page", async () => {
    const odd = [run("a"), run("a"), run("../b"), {}, 7, ...ids(300).map((id) => run(id))];
    double.answer = () => ({ body: { runs: odd, total_size: "-3" } });
    runs.look();
    await asks(1);
    assert.equal(seen().length, 16);
    assert.equal(seen()[0], "a");
  });

  it("go by namespace and by pipeline", async () => {
    double.healthz = { multi_user: true };
    pipelines.list("recurring", "team-a").look();
    pipelines.list("versions", "team-a", "p1").look();
    await until("both", () => double.asked.length === 2);
    const asked = double.asked.map(({ path, query }) => `${path} ${query.get("namespace")}`).sort();
    assert.deepEqual(asked, ["/apis/v2beta1/pipelines/p1/versions null", "/apis/v2beta1/recurringruns team-a"]);
  });

  it("delete what a row stands for, and take it for done where it is gone", async () => {
    const { signal } = new AbortController();
    const named = { name: "one", created: 0, description: "" };
    await pipelines.remove({ kind: "version", id: "v1", ...named }, "", "p1", signal);
    double.answer = () => ({ status: 404, body: { message: "Run not found" } });
    await pipelines.remove({ kind: "pipeline", id: "p1", ...named }, "", "pipelines", signal);
    assert.deepEqual(
      double.asked.map(({ method, path }) => `${method} ${path}`),
      [
        "DELETE /apis/v2beta1/pipelines/p1/versions/v1",
        "GET /apis/v2beta1/pipelines/p1/versions",
        "DELETE /apis/v2beta1/pipelines/p1",
      ],
    );
  });

  describe("delete a pipeline with its versions, which come first,", () => {
    const { signal } = new AbortController();
    const item = { kind: "pipeline", id: "p1", name: "one", created: 0, description: "" } as const;
    let left: string[];
    let deleted: string[];

    /** A server whose pages have at most so many rows. */
    const versions = (most: number) => {
      return ({ method, path, query }: Asked) => {
        const name = path.split("/").at(-1) ?? "";
        if (method === "DELETE") deleted.push(...(name === "p1" ? [name] : left.splice(left.indexOf(name), 1)));
        const shown = left.slice(0, Math.min(most, Number(query.get("page_size"))));
        const body = { pipeline_versions: shown.map((id) => ({ pipeline_version_id: id })) };
        return { body: method === "GET" ? body : {} };
      };
    };

    beforeEach(() => {
      left = Array.from({ length: 25 }, (_, at) => `v${at}`);
      deleted = [];
    });

    it("all of them, whatever the size of a page", async () => {
      for (const most of [100, 7]) {
        left = Array.from({ length: 25 }, (_, at) => `v${at}`);
        deleted = [];
        double.answer = versions(most);
        await pipelines.remove(item, "", "", signal);
        assert.deepEqual([deleted.length, deleted.at(-1), left], [26, "p1", []]);
      }
    });

    it("also beside one that cannot be read; what the server then refuses is said", async () => {
      left.unshift("../odd");
      const serve = versions(100);
      double.answer = (asked) =>
        asked.method === "DELETE" && asked.path.endsWith("/p1")
          ? { status: 400, body: { message: "it is in use" } }
          : serve(asked);
      await assert.rejects(pipelines.remove(item, "", "", signal), {
        message: "It was not deleted. It says: it is in use.",
      });
      assert.deepEqual([deleted.length, left], [25, ["../odd"]]);
    });

    it("and not without end where the server goes on listing one that is gone", async () => {
      double.answer = ({ method }) =>
        method === "GET"
          ? { body: { pipeline_versions: [{ pipeline_version_id: "v1", display_name: "first" }] } }
          : { status: 404, body: { message: "Version v1 not found" } };
      await assert.rejects(pipelines.remove(item, "", "", signal), {
        code: "server-error",
        message:
          "The pipeline was not deleted. The server still lists a version of it that it has deleted: first. " +
          "Delete it again in a moment.",
      });
      assert.equal(double.asked.length, 3);
    });

    it("and what is looked at is read anew, also where that fails midway", async () => {
      const shown = pipelines.list("versions", "", "p1");
      const serve = versions(100);
      double.answer = (asked) => (asked.path.endsWith("/v3") ? { status: 500, body: {} } : serve(asked));
      shown.look();
      await until("the versions", () => shown.value?.items.length === 20);
      left = left.slice(0, 6);
      await assert.rejects(pipelines.remove(item, "", "", signal), { code: "server-error" });
      await until("those that are left", () => shown.value?.items.length === 3);
    });
  });

  it("end with their owner: no timer, no stream", async () => {
    double.answer = listing(() => ids(3));
    runs.look();
    pipelines.access.look();
    await asks(1);
    pipelines.dispose();
    await turns(10);
    assert.equal(double.clock.timers, 0);
  });

  it("give a row whole as YAML, with nothing hidden in it", async () => {
    double.answer = listing(() => ids(1));
    runs.look();
    await asks(1);
    const [item] = runs.value?.items ?? [];
    assert.ok(item !== undefined);
    double.answer = ({ path }) => ({ body: { path, text: "a\u202eb" } });
    const text = await pipelines.yaml(item, "", "", new AbortController().signal);
    assert.equal(text, "path: /apis/v2beta1/runs/r1\ntext: a\\u202eb\n");
  });
});
