import assert from "node:assert/strict";
import { KubeClient } from "./client.ts";
import { ConnectError } from "./errors.ts";
import { type Right, Rights } from "./rights.ts";
import { type FakeReply, FakeTransport, json, refusal } from "./testing/fakeTransport.ts";
import { ManualClock, turns, until } from "./testing/manualClock.ts";

const JOBS = { group: "kubeflow.org", resource: "pytorchjobs" };
const LOG: Right = { verb: "get", group: "", resource: "pods", subresource: "log" };
const EXEC: Right = { verb: "create", group: "", resource: "pods", subresource: "exec" };

const NARROW = [
  { verbs: ["get", "list", "watch", "delete"], apiGroups: ["kubeflow.org"], resources: ["pytorchjobs"] },
  { verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] },
  { verbs: ["get"], apiGroups: [""], resources: ["pods/log"] },
  { verbs: ["delete", "list"], apiGroups: ["kubeflow.org"], resources: ["notebooks"], resourceNames: ["mine"] },
  { verbs: ["*"], apiGroups: ["batch"], resources: ["*"] },
  { verbs: ["patch"], apiGroups: ["*"], resources: ["*/scale"] },
];

class Server {
  readonly clock = new ManualClock();
  rules: (() => FakeReply) | unknown[] = NARROW;
  incomplete: boolean | undefined;
  allowed = true;
  readonly asked: string[] = [];
  readonly told: (string | undefined)[] = [];
  readonly transport = new FakeTransport(({ path, raw }) => {
    const body = raw.body as { spec: { namespace?: string; resourceAttributes?: Record<string, string> } };
    if (path.endsWith("selfsubjectaccessreviews")) {
      const { verb, resource, subresource, namespace } = body.spec.resourceAttributes ?? {};
      this.asked.push([verb, resource, subresource, namespace].filter((part) => part !== undefined).join(" "));
      return json({ status: { allowed: this.allowed } });
    }
    this.asked.push(`rules ${body.spec.namespace ?? ""}`);
    if (typeof this.rules === "function") return this.rules();
    return json({ status: { resourceRules: this.rules, nonResourceRules: null, incomplete: this.incomplete } });
  });
  readonly rights = new Rights(new KubeClient(this.transport, this.clock), this.clock);

  constructor() {
    this.rights.onDidChange((namespace) => this.told.push(namespace));
  }
}

describe("rights", () => {
  it("are unknown and cost nothing before somebody wants to know, then one request tells all of a namespace", async () => {
    const server = new Server();
    const rights = server.rights.in("team-a");
    assert.equal(rights.may({ verb: "delete", ...JOBS }), "unknown");
    assert.deepEqual(server.asked, []);
    await Promise.all([rights.know(), rights.know(), server.rights.in("team-a").know()]);
    assert.deepEqual(
      ["list", "watch", "delete", "patch"].map((verb) => rights.may({ verb, ...JOBS })),
      ["yes", "yes", "yes", "no"],
    );
    assert.deepEqual([rights.may(LOG), rights.may(EXEC)], ["yes", "no"]);
    assert.deepEqual(server.asked, ["rules team-a"]);
    assert.deepEqual(server.told, ["team-a"]);
  });

  it("are matched as RBAC does: subresources by themselves, wildcards, named objects", async () => {
    const { rights: all } = new Server();
    const rights = all.in("team-a");
    await rights.know();
    assert.equal(rights.may({ verb: "list", group: "", resource: "pods", subresource: "log" }), "no");
    assert.equal(rights.may({ verb: "list", group: "apps", resource: "pods" }), "no");
    assert.equal(rights.may({ verb: "create", group: "batch", resource: "jobs", subresource: "status" }), "yes");
    assert.equal(rights.may({ verb: "patch", group: "x", resource: "y", subresource: "scale" }), "yes");
    assert.equal(rights.may({ verb: "patch", group: "x", resource: "scale" }), "no");
    const notebook = { group: "kubeflow.org", resource: "notebooks" };
    assert.equal(rights.may({ verb: "delete", ...notebook, name: "mine" }), "yes");
    assert.equal(rights.may({ verb: "delete", ...notebook, name: "other" }), "no");
    assert.equal(rights.may({ verb: "delete", ...notebook }), "unknown", "some may be deleted: offered");
    assert.equal(rights.may({ verb: "list", ...notebook }), "no", "a list has no name");
  });

  it("are asked one by one, and once each, where the rules are not whole", async () => {
    const server = new Server();
    server.incomplete = true;
    const rights = server.rights.in("team-a");
    await rights.know();
    assert.equal(rights.may({ verb: "list", ...JOBS }), "yes", "what a rule allows needs no question");
    for (let row = 0; row < 1000; row++) assert.equal(rights.may(EXEC), "unknown");
    await until("the answer", () => server.told.length === 2);
    assert.equal(rights.may(EXEC), "yes");
    assert.deepEqual(server.asked, ["rules team-a", "create pods exec team-a"]);
  });

  it("are waited for by who asks, by the rules where they tell and by a question where they do not", async () => {
    const server = new Server();
    assert.equal(await server.rights.in("team-a").ask({ verb: "list", ...JOBS }), "yes");
    assert.equal(await server.rights.in("team-a").ask({ verb: "list", group: "x", resource: "y" }), "no");
    assert.deepEqual(server.asked, ["rules team-a"]);
    server.incomplete = true;
    server.rights.forget();
    assert.equal(await server.rights.in("team-a").ask(EXEC), "yes");
    assert.deepEqual(server.asked.slice(1), ["rules team-a", "create pods exec team-a"]);
  });

  it("are asked once by who waits for them, until the answer is old", async () => {
    const server = new Server();
    server.incomplete = true;
    const rights = server.rights.in("team-a");
    const ask = async (): Promise<[string, number]> => [await rights.ask(EXEC), server.asked.length];
    assert.deepEqual([await ask(), await ask(), rights.may(EXEC)], [["yes", 2], ["yes", 2], "yes"]);
    await server.clock.advance(301_000);
    server.allowed = false;
    assert.deepEqual([await ask(), rights.may(EXEC)], [["no", 4], "no"]);
    server.rights.forget();
    server.allowed = true;
    await rights.know();
    assert.equal(rights.may(EXEC), "unknown");
    assert.equal(await rights.ask(EXEC), "yes", "what is on its way is no answer");
  });

  it("are believed for five minutes, and the old answer stands till the new one is there", async () => {
    const server = new Server();
    server.incomplete = true;
    const rights = server.rights.in("team-a");
    await rights.know();
    rights.may(EXEC);
    await until("the answer", () => server.told.length === 2);
    server.allowed = false;
    await server.clock.advance(299_000);
    assert.equal(rights.may(EXEC), "yes");
    await rights.know();
    assert.equal(server.asked.length, 2);
    await server.clock.advance(2_000);
    assert.equal(rights.may(EXEC), "yes");
    await until("the new answer", () => server.told.length === 3);
    assert.equal(rights.may(EXEC), "no");
    await rights.know();
    server.rights.forget();
    await rights.know();
    assert.deepEqual(server.asked.filter((what) => what.startsWith("rules")).length, 3);
    assert.equal(server.told.length, 3, "the same rules are no news");
  });

  it("of the whole cluster come from questions alone: a rules review speaks of one namespace", async () => {
    const server = new Server();
    server.allowed = false;
    const rights = server.rights.in(undefined);
    await rights.know();
    assert.equal(rights.may({ verb: "list", group: "", resource: "nodes" }), "unknown");
    await until("the answer", () => server.told.length > 1);
    assert.equal(rights.may({ verb: "list", group: "", resource: "nodes" }), "no");
    assert.deepEqual(server.asked, ["list nodes"]);
  });

  it("stay on offer where the server will not say, and where it cannot be reached", async () => {
    const server = new Server();
    server.rules = () => refusal(403, "Forbidden", "no reviews here");
    const rights = server.rights.in("team-a");
    await rights.know();
    rights.may(LOG);
    await until("the answer", () => server.told.length === 2);
    assert.equal(rights.may(LOG), "yes");
    const down = new ConnectError("unreachable", "no route");
    const failing = new Rights(
      new KubeClient(new FakeTransport(() => Promise.reject(down)), server.clock),
      server.clock,
    );
    await assert.rejects(failing.in("a").know(), /no route/);
    assert.equal(failing.in("a").may(EXEC), "unknown");
    await failing.in(undefined).know();
    assert.equal(failing.in(undefined).may(EXEC), "unknown");
    await turns();
    assert.equal(failing.in(undefined).may(EXEC), "unknown");
  });

  it("are not given by a hostile answer", async () => {
    const server = new Server();
    const answers: unknown[] = [{ status: { resourceRules: [{ verbs: "*" }] } }, [], null];
    for (const [index, answer] of answers.entries()) {
      server.rules = () => json(answer);
      const rights = server.rights.in(`n${index}`);
      await rights.know();
      assert.equal(rights.may(EXEC), "unknown");
    }
    server.rules = () => json({ status: { resourceRules: null, incomplete: false } });
    await server.rights.in("c").know();
    assert.equal(server.rights.in("c").may(EXEC), "no");
  });
});
