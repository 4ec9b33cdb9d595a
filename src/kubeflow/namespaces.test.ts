import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { type FakeReply, type FakeRequest, FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock, until } from "../kube/testing/manualClock.ts";
import { NamespaceDesk } from "./namespaceDesk.ts";
import { listNamespaces, ownNamespaces } from "./namespaces.ts";

const FORBIDDEN = refusal.bind(undefined, 403, "Forbidden", "no");
const WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const PROFILES = "/apis/kubeflow.org/v1/profiles";
const NAMESPACES = "/api/v1/namespaces";

function table(...names: string[]): FakeReply {
  const columnDefinitions = [{ name: "Kind" }, { name: "Name", format: "name" }];
  return json({ kind: "Table", columnDefinitions, rows: names.map((name) => ({ cells: ["Namespace", name] })) });
}

function owned(name: string, owner: string, kind = "User"): object {
  return { metadata: { name }, spec: { owner: { kind, name: owner } } };
}

class Server {
  who = (): FakeReply => json({ status: { userInfo: { username: "ann@x.test" } } });
  profiles = (): FakeReply => refusal(404, "NotFound", "the server could not find the requested resource");
  namespaces: (request: FakeRequest) => FakeReply = () => table("b", "a", "kube-system");
  readonly transport = new FakeTransport((request) => {
    if (request.path === WHO) return this.who();
    return request.path === PROFILES ? this.profiles() : this.namespaces(request);
  });
  readonly client = new KubeClient(this.transport);
}

describe("the namespaces of a cluster", () => {
  it("are read as a table without objects", async () => {
    const server = new Server();
    assert.deepEqual(await listNamespaces(server.client), { names: ["a", "b"], mayList: true });
    const [asked] = server.transport.requests;
    assert.deepEqual([asked?.path, asked?.query], [NAMESPACES, { limit: "5000", includeObject: "None" }]);
    assert.match(asked?.raw.accept ?? "", /as=Table/);
  });

  it("are read from a plain list too, and from nothing that is none", async () => {
    const server = new Server();
    server.namespaces = () =>
      json({ kind: "NamespaceList", items: [{ metadata: { name: "x" } }, { metadata: {} }, null] });
    assert.deepEqual((await listNamespaces(server.client)).names, ["x"]);
    for (const answer of [null, [], { kind: "Table", rows: [{ cells: 3 }, { cells: [{}] }, 7] }]) {
      server.namespaces = () => json(answer);
      assert.deepEqual((await listNamespaces(server.client)).names, []);
    }
    server.namespaces = () => FORBIDDEN();
    assert.deepEqual(await listNamespaces(server.client), { names: [], mayList: false });
  });

  it("are a person's own by their profile, matched whole and by kind", async () => {
    const server = new Server();
    const items = [
      owned("mine", "ann@x.test"),
      owned("theirs", "bob@x.test"),
      owned("longer", "ann@x.test.evil"),
      owned("a-group", "ann@x.test", "Group"),
      { metadata: { name: 7 }, spec: { owner: { kind: "User", name: "ann@x.test" } } },
    ];
    server.profiles = () => json({ items });
    assert.deepEqual(await ownNamespaces(server.client), ["mine"]);
  });

  it("are a person's own by the annotation where profiles may not be read", async () => {
    const server = new Server();
    server.profiles = () => FORBIDDEN();
    server.namespaces = ({ query }) => {
      assert.equal(query["labelSelector"], "app.kubernetes.io/part-of=kubeflow-profile");
      const of = (name: string, owner: string): object => ({ metadata: { name, annotations: { owner } } });
      return json({ items: [of("mine", "ann@x.test"), of("theirs", "bob@x.test")] });
    };
    assert.deepEqual(await ownNamespaces(server.client), ["mine"]);
    server.namespaces = () => FORBIDDEN();
    assert.deepEqual(await ownNamespaces(server.client), []);
  });

  it("are nobody's where there are no profiles or no name, without another question", async () => {
    const server = new Server();
    assert.deepEqual(await ownNamespaces(server.client), []);
    assert.equal(server.transport.requests.length, 2);
    server.who = () => FORBIDDEN();
    server.profiles = () => json({ items: [owned("x", "")] });
    assert.deepEqual(await ownNamespaces(server.client), []);
  });
});

describe("a person's namespaces", () => {
  const place = { name: "ctx", namespace: "own" };
  let state: Map<string, unknown>;
  let desk: NamespaceDesk;
  let clock: ManualClock;
  let server: Server;
  beforeEach(() => {
    state = new Map();
    clock = new ManualClock();
    desk = new NamespaceDesk(
      {
        get: (key) => state.get(key),
        set: (key, value) => Promise.resolve(void state.set(key, value)),
      },
      clock,
    );
    server = new Server();
    server.namespaces = () => table("a", "b", "c", "d", "own");
    server.profiles = () => json({ items: [owned("d", "ann@x.test")] });
  });

  it("come first: profile, pinned, recent, the context's own; then the others", async () => {
    await desk.pin("ctx", "c", true);
    await desk.pin("ctx", "gone", true);
    await desk.visit("ctx", "b");
    const { shown, more } = await desk.show(place, server.client);
    assert.deepEqual([shown, more], [["d", "c", "b", "own", "a"], false]);
    assert.deepEqual(
      ["d", "c", "b", "own"].map((name) => desk.word("ctx", name)),
      ["my profile", "pinned", "recent", ""],
    );
    assert.deepEqual((await desk.offer(place, server.client)).names, ["d", "c", "gone", "b", "a", "own"]);
    assert.deepEqual((await desk.show({ ...place, name: "another" }, server.client)).shown, [
      "d",
      "own",
      "a",
      "b",
      "c",
    ]);
  });

  it("are those that were chosen, and then nothing is listed", async () => {
    const told: string[] = [];
    desk.onDidChange((context) => told.push(context));
    await desk.choose("ctx", ["*", "typed"]);
    const { shown, more } = await desk.show(place, server.client);
    assert.deepEqual([shown, more, told], [["*", "typed"], true, ["ctx"]]);
    assert.ok(server.transport.requests.every(({ path }) => path !== NAMESPACES));
    assert.deepEqual(desk.familiar(place), ["d", "typed", "own"]);
    assert.ok(!(await desk.offer(place, server.client)).names.includes("*"));
  });

  it("stay though the cluster lists none", async () => {
    server.namespaces = () => FORBIDDEN();
    server.profiles = () => FORBIDDEN();
    await desk.pin("ctx", "typed", true);
    const { shown, more } = await desk.show(place, server.client);
    assert.deepEqual([shown, more], [["typed", "own"], true]);
  });

  it("are remembered by the last five visits, without a redraw for each", async () => {
    let told = 0;
    desk.onDidChange(() => told++);
    for (const name of ["a", "b", "c", "d", "e", "f", "b", "*", "../x"]) await desk.visit("ctx", name);
    assert.deepEqual(state.get("recent/ctx"), ["b", "f", "e", "d", "c"]);
    assert.equal(told, 0);
    await desk.pin("ctx", "b", true);
    assert.ok(desk.isPinned("ctx", "b"));
    await desk.pin("ctx", "b", false);
    assert.deepEqual([desk.isPinned("ctx", "b"), told], [false, 2]);
  });

  it("outlive a state that holds something else", async () => {
    state.set("namespaces/ctx", "x").set("pinned/ctx", [7, "a"]).set("recent/ctx", { a: 1 });
    assert.equal(desk.chosen("ctx"), undefined);
    assert.deepEqual((await desk.show(place, server.client)).shown.slice(0, 2), ["d", "a"]);
  });

  it("are not waited for where there are thousands: the last look's stand till they are read, and then it is told", async () => {
    let told = 0;
    desk.onDidChange(() => told++);
    let answer: (reply: FakeReply) => void = () => undefined;
    const slow = (): Promise<FakeReply> => new Promise((resolve) => (answer = resolve));
    const transport = new FakeTransport((request) =>
      request.path === PROFILES ? slow() : request.path === WHO ? server.who() : server.namespaces(request),
    );
    const client = new KubeClient(transport, clock);
    const first = desk.show(place, client);
    await clock.advance(50);
    assert.deepEqual((await first).shown[0], "own");
    answer(json({ items: [owned("d", "ann@x.test")] }));
    await until("the news", () => told === 1);
    assert.deepEqual((await desk.show(place, client)).shown[0], "d", "as it was");
    answer(json({ items: [owned("d", "ann@x.test")] }));
    assert.deepEqual((await desk.show(place, client)).shown[0], "d");
    answer(refusal(500, "InternalError", "sick"));
    assert.deepEqual((await desk.show(place, client)).shown[0], "d");
    assert.deepEqual([told, desk.familiar(place)], [1, ["d", "own"]]);
  });
});
