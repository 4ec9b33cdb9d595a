import assert from "node:assert/strict";
import { UserError } from "../core/errors.ts";
import { json, refusal } from "../kube/testing/fakeTransport.ts";
import { PipelineServer } from "./pipelineServer.ts";
import { Double, pod } from "./testing/double.ts";

const { signal } = new AbortController();
const forbidden = (what: string) => refusal(403, "Forbidden", `User "x" cannot ${what}`);

describe("ways in to Kubeflow Pipelines", () => {
  let double: Double;
  let server: PipelineServer;

  beforeEach(async () => {
    double = await Double.start();
    server = new PipelineServer(double.options);
  });

  afterEach(async () => {
    server.dispose();
    await double.stop();
  });

  const read = (namespace = ""): Promise<unknown> => server.json("/runs", {}, namespace, signal);

  it("asks nothing before somebody asks", () => {
    assert.deepEqual([double.transport.requests.length, double.connected.length], [0, 0]);
  });

  it("goes by port-forward to a ready pod that the Service selects, at the port that the pod names", async () => {
    double.pods = [pod("not-ready", "False"), pod("ready")];
    double.answer = () => ({ body: { runs: [] } });
    assert.deepEqual(await server.open(signal), { way: "port-forward", multiUser: false, version: "2.0.5" });
    assert.deepEqual(await read(), { runs: [] });
    assert.deepEqual(double.connected, ["ready:8889"]);
    const pods = double.transport.requests.find(({ path }) => path.endsWith("/pods"));
    assert.equal(pods?.query["labelSelector"], "app=ml-pipeline,tier=api");
    assert.equal(double.asked[0]?.headers.authorization, undefined);
  });

  it("goes by upstream's labels where the Service may not be read", async () => {
    double.cluster = ({ path }) => (path.includes("/services/") ? forbidden("get services") : undefined);
    await server.open(signal);
    assert.equal(double.transport.requests.at(-1)?.query["labelSelector"], "app=ml-pipeline");
    assert.deepEqual(double.connected, ["ml-pipeline-1:8888"]);
  });

  it("says that there is no Service, or that no pod of it is ready", async () => {
    double.pods = [pod("a", "False")];
    await assert.rejects(server.open(signal), {
      code: "no-ready-pod",
      message:
        "Pipelines were not reached. No pod of ml-pipeline in kubeflow is ready. It is looked for again in a moment.",
    });
    double.cluster = () => refusal(404, "NotFound", "no");
    await assert.rejects(server.open(signal), { code: "no-server" });
  });

  it("takes the Service's proxy where a port-forward is forbidden and that is not", async () => {
    double.refuse = () => new UserError("no-rights", "Port 8888 was not reached.", { why: "It says no." });
    double.cluster = ({ path, query }) =>
      !path.includes("/proxy/") ? undefined : path.endsWith("/healthz") ? json(double.healthz) : json({ path, query });
    assert.equal((await server.open(signal)).way, "service proxy");
    assert.deepEqual(await server.json("/runs", { page_size: "20" }, "", signal), {
      path: "/api/v1/namespaces/kubeflow/services/ml-pipeline:8888/proxy/apis/v2beta1/runs",
      query: { page_size: "20" },
    });
  });

  it("names the right that is missing where neither way is open", async () => {
    double.cluster = ({ path }) =>
      path.includes("/proxy/")
        ? forbidden("get services/proxy")
        : path.endsWith("/pods")
          ? forbidden("list pods")
          : undefined;
    await assert.rejects(server.open(signal), {
      code: "no-rights",
      message:
        'Pipelines were not reached. You may not list pods in kubeflow: User "x" cannot list pods. An administrator can allow it.',
    });
  });

  it("says that a server for several people needs a token, which no proxy passes on", async () => {
    double.healthz = { multi_user: true };
    double.refuse = () => new UserError("no-rights", "Port 8888 was not reached.", { why: "It says no." });
    double.cluster = ({ path }) => (path.includes("/proxy/") ? json(double.healthz) : undefined);
    await assert.rejects(server.open(signal), { code: "no-rights", message: /asks for a token.*It says no\./ });
  });

  it("signs in with one token for each namespace, and never with a name that it made up", async () => {
    double.healthz = { multi_user: true };
    await Promise.all([read("team-a"), read("team-a"), read("team-b")]);
    assert.equal(double.tokens, 2);
    const [request] = double.transport.requests.filter(({ path }) => path.endsWith("/token"));
    assert.deepEqual(request?.raw.body, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["pipelines.kubeflow.org"], expirationSeconds: 3600 },
    });
    for (const { headers } of double.asked) {
      assert.match(headers.authorization ?? "", /^Bearer token-[12]$/);
      assert.equal(headers["kubeflow-userid"], undefined);
    }
  });

  it("renews a token before its end, and once where the server does not take it", async () => {
    double.healthz = { multi_user: true };
    await read("team-a");
    await double.clock.advance(479_000);
    await read("team-a");
    assert.equal(double.tokens, 1);
    await double.clock.advance(2_000);
    await read("team-a");
    assert.equal(double.tokens, 2);
    double.answer = ({ headers }) =>
      headers.authorization === "Bearer token-3" ? { body: {} } : { status: 401, body: { message: "expired" } };
    await read("team-a");
    double.answer = () => ({ status: 401, body: { message: "who is there" } });
    await assert.rejects(read("team-a"), { code: "refused", message: /It says: who is there\./ });
    assert.equal(double.tokens, 4);
  });

  it("says who may not create tokens, and what is no profile", async () => {
    double.healthz = { multi_user: true };
    double.cluster = ({ path }) => (path.endsWith("/token") ? forbidden("create serviceaccounts/token") : undefined);
    await assert.rejects(read("team-a"), {
      code: "no-token",
      message: /You may not create tokens for default-editor in team-a: User "x" cannot create/,
    });
    double.cluster = ({ path }) => (path.endsWith("/token") ? refusal(404, "NotFound", "no") : undefined);
    await assert.rejects(read("team-a"), { code: "no-profile", message: /team-a has no account default-editor/ });
    await assert.rejects(read("../x"), { code: "invalid-name" });
    assert.equal(double.asked.length, 0);
  });

  it("gives the innermost of the server's words, harmless", async () => {
    const details = [{ message: "not \u001b]0;allowed\u0007here \u202e" }];
    double.answer = () => ({ status: 403, body: { message: "Failed to: Failed to: not", details } });
    await assert.rejects(read(), {
      code: "no-rights",
      message: "The pipelines' server did not give this. It says: not here �.",
    });
    double.answer = () => ({ status: 500, body: "<html>" });
    await assert.rejects(read(), { code: "server-error", message: /HTTP 500/ });
    double.answer = () => ({ body: "<html>" });
    await assert.rejects(read(), { code: "server-error", message: /is not JSON/ });
  });

  it("uses one stream again, and finds another pod where the first has gone", async () => {
    await read();
    await read();
    assert.equal(double.connected.length, 1);
    double.pods = [pod("ml-pipeline-2")];
    double.cut();
    double.answer = () => ({ body: { runs: [1] } });
    const failing = double.options.connect;
    const moved = new PipelineServer({
      ...double.options,
      connect: (name, port, ending) =>
        name === "ml-pipeline-1" && double.connected.length > 2
          ? Promise.reject(new UserError("gone", "Port 8888 was not reached.", { why: "pods not found." }))
          : failing(name, port, ending),
    });
    double.pods = [pod("ml-pipeline-1")];
    await moved.json("/runs", {}, "", signal);
    double.connected.push("-");
    double.cut();
    double.pods = [pod("ml-pipeline-2")];
    assert.deepEqual(await moved.json("/runs", {}, "", signal), { runs: [1] });
    assert.equal(double.connected.at(-1), "ml-pipeline-2:8889");
    moved.dispose();
  });

  describe("where what leads there is gone, which is no word of what is asked for,", () => {
    it("says that the cluster has no such Service", async () => {
      double.refuse = () => new UserError("no-rights", "Port 8888 was not reached.", { why: "It says no." });
      let isThere = true;
      const gone = () => refusal(404, "NotFound", 'services "ml-pipeline" not found');
      double.cluster = ({ path }) => (!path.includes("/proxy/") ? undefined : isThere ? json(double.healthz) : gone());
      assert.equal((await server.open(signal)).way, "service proxy");
      isThere = false;
      const message = 'Pipelines were not reached. The cluster says: services "ml-pipeline" not found.';
      await assert.rejects(server.remove("/runs/r1", "", signal), { code: "no-server", message });
      await assert.rejects(read(), { code: "no-server", message });
    });

    it("still tells what the server has no more, by the Service's proxy too", async () => {
      double.refuse = () => new UserError("no-rights", "Port 8888 was not reached.", { why: "It says no." });
      const body = { error: "Run r1 not found.", code: 5, message: "Run r1 not found." };
      double.cluster = ({ path }) =>
        !path.includes("/proxy/") ? undefined : path.endsWith("/healthz") ? json(double.healthz) : json(body, 404);
      await server.remove("/runs/r1", "", signal);
      await assert.rejects(read(), { code: "gone", message: /It says: Run r1 not found\./ });
    });

    it("says that its pod is", async () => {
      const why = 'The cluster says: pods "ml-pipeline-1" not found.';
      double.refuse = () => new UserError("gone", "Port 8888 was not reached.", { why });
      const error = { code: "no-ready-pod", message: `Port 8888 was not reached. ${why}` };
      await assert.rejects(server.remove("/runs/r1", "", signal), error);
    });

    it("says that a gateway leads nowhere", async () => {
      double.answer = () => ({ status: 404, body: "" });
      await assert.rejects(server.remove("/runs/r1", "", signal), {
        code: "no-server",
        message: "It was not deleted. What leads there answers HTTP 404.",
      });
    });

    it("says that what answers is no server of this kind", async () => {
      double.refuse = () => new UserError("no-rights", "Port 8888 was not reached.", { why: "It says no." });
      double.cluster = ({ path }) =>
        path.includes("/proxy/") ? json({ error: "Not Found", code: 5 }, 404) : undefined;
      await assert.rejects(server.remove("/runs/r1", "", signal), {
        code: "no-server",
        message: "Pipelines were not reached. What answers there does not know /apis/v2beta1.",
      });
    });
  });

  it("gives up an answer that does not come within 30 s", async () => {
    await server.open(signal);
    double.answer = () => ({ body: {} });
    const stuck = new PipelineServer({ ...double.options, connect: () => new Promise(() => undefined) });
    const failure = assert.rejects(stuck.open(signal), { code: "unreachable", message: /within 30 s/ });
    for (let i = 0; i < 5; i++) await double.clock.advance(8_000);
    await failure;
    stuck.dispose();
  });

  it("leaves no stream behind", async () => {
    await read();
    server.dispose();
    await assert.rejects(read());
    assert.equal(double.connected.length, 1);
  });
});
