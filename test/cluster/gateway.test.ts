import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import type { SecretStore } from "../../src/core/storage.ts";
import type { Engine } from "../../src/engine.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { connectPod } from "../../src/kube/streams/portForward.ts";
import type { Gateway } from "../../src/kubeflow/gateway/gateways.ts";
import { POD, SERVICE } from "../../src/kubeflow/kinds/resources.ts";
import { podBehind } from "../../src/kubeflow/servicePod.ts";
import type { ClusterPipelines, LiveList } from "../../src/pipelines/index.ts";
import { until } from "../editor/until.ts";
import { ACCOUNT, DEPLOYMENT, gatewayObjects } from "./gatewayFixtures.ts";
import { describePipelines, MULTI_USER, PROFILE, twoTasks } from "./pipelineFixtures.ts";
import { Cleanup, kubeconfigOf, makeNamespace, openEngine, openRig, type Rig } from "./support.ts";

const NAME = "own-gateway";
const RBAC = "rbac.authorization.k8s.io";
const ROLE_BINDING: ResourceKind = {
  ...{ group: RBAC, version: "v1", plural: "rolebindings", kind: "RoleBinding", namespaced: true },
};
/** Behind the gateway: the installation for many. */
const server = `ml-pipeline.${MULTI_USER}.svc.cluster.local:8888`;
const NEVER = new AbortController().signal;

describePipelines("pipelines by the gateway's sign-in, behind a stand-in gateway", () => {
  const cleanup = new Cleanup();
  const kept = new Map<string, string>();
  const secrets: SecretStore = {
    get: (key) => Promise.resolve(kept.get(key)),
    set: (key, value) => Promise.resolve(void kept.set(key, value)),
    delete: (key) => Promise.resolve(void kept.delete(key)),
  };
  /** Of what was made through the gateway, while that is open. */
  const undo: (() => Promise<void>)[] = [];
  let rig: Rig;
  let namespace: string;
  let engine: Engine;
  let context: string;
  let gateway: Gateway;
  let pipelines: ClusterPipelines;
  let origin: URL;
  /** Connections to the gateway. */
  let connected = 0;
  const leadsIn = (): Promise<unknown> => {
    pipelines.server.reopen();
    return pipelines.server.open(NEVER);
  };

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "gateway");
    for (const [kind, object] of gatewayObjects(NAME, namespace, server)) await rig.client.create(kind, object);
    const metadata = { name: "ada-pipelines", namespace: PROFILE.namespace };
    const binding = await rig.client.create<KubeObject>(ROLE_BINDING, {
      ...{ apiVersion: `${RBAC}/v1`, kind: "RoleBinding", metadata },
      ...{
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "kubeflow-pipelines-edit" },
        subjects: [{ apiGroup: RBAC, kind: "User", name: ACCOUNT.email }],
      },
    });
    const { uid = "" } = binding.metadata;
    cleanup.add(() => rig.client.delete(ROLE_BINDING, metadata.name, metadata.namespace, uid));
    await until("a ready gateway", gatewayPod, (pod) => pod !== undefined, 60_000);
    origin = new URL(`http://127.0.0.1:${await ownAddress()}`);
    engine = await openEngine(cleanup, kubeconfigOf("narrow"), { secrets });
    context = engine.contexts()[0]?.name ?? "";
    await engine.connectedClient(context, NEVER);
    const found = engine.gateway(context);
    assert.ok(found);
    gateway = found;
    pipelines = engine.pipelineDesk.open(context);
    cleanup.add(() => pipelines.dispose());
  });
  after(() => cleanup.run());

  async function gatewayPod(): Promise<string | undefined> {
    const service = await rig.client.get<KubeObject & { spec: object }>(SERVICE, NAME, namespace, NEVER);
    const found = await podBehind(rig.client, { namespace, spec: { ...service.spec }, port: 80 }, NEVER);
    return found?.pod;
  }

  /** An address of its own, as a load balancer would give it. @returns its port */
  async function ownAddress(): Promise<number> {
    const { connection } = rig.engine.cluster(rig.context);
    const listener = net.createServer((socket) => {
      connected++;
      socket.on("error", () => socket.destroy());
      gatewayPod()
        .then((pod) => connectPod({ connection, namespace, pod: pod ?? "", port: 8080, signal: NEVER }))
        .then(
          (stream) => {
            stream.on("error", () => socket.destroy());
            socket.on("close", () => stream.destroy());
            socket.pipe(stream).pipe(socket);
          },
          () => socket.destroy(),
        );
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    cleanup.add(() => void listener.close());
    const address = listener.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  const settled = (list: Pick<LiveList, "state"> | ClusterPipelines["access"], kind: string): Promise<unknown> =>
    until(
      `it is ${kind}`,
      () => Promise.resolve(list.state),
      (state) => state.kind === kind,
      20_000,
    );

  it("is not needed before somebody was refused, and keeps no password that is not taken", async () => {
    assert.equal(await gateway.origin(), undefined);
    pipelines.access.look();
    await settled(pipelines.access, "failed");
    const { state } = pipelines.access;
    assert.ok(state.kind === "failed" && "code" in state.error && state.error.code === "no-rights");
    await assert.rejects(gateway.enter(origin, { ...ACCOUNT, password: "wrong" }, leadsIn, NEVER), {
      code: "gateway-refused",
      message: `You are not signed in at Kubeflow. ${origin.host} did not take the password of ${ACCOUNT.email}.`,
    });
    assert.equal(kept.size, 0);
  });

  it("leads to the pipelines of the person's namespace, as whom the gateway says, and starts a run once", async () => {
    await gateway.enter(origin, ACCOUNT, leadsIn, NEVER);
    engine.pipelineDesk.reopen(context);
    await settled(pipelines.access, "live");
    assert.deepEqual(pipelines.access.value, { way: "gateway", multiUser: true, version: "2.0.5" });
    const runs = pipelines.list("runs", PROFILE.namespace);
    runs.look();
    await settled(runs, "live");
    const place = { context, namespace: PROFILE.namespace };
    const facts = engine.pipelineDesk.ofFile(twoTasks("by-gateway"), "pipeline.yaml");
    const form = engine.pipelineDesk.firstForm(facts);
    const { id, uploaded } = await engine.pipelineDesk.start(
      place,
      facts,
      engine.pipelineDesk.read(form, facts),
      "on",
      NEVER,
    );
    undo.push(async () => {
      const { server } = engine.pipelineDesk.of(context);
      await server.remove(`/runs/${id}`, PROFILE.namespace, NEVER);
      const { pipeline = "", version = "" } = uploaded ?? {};
      await server.remove(`/pipelines/${pipeline}/versions/${version}`, PROFILE.namespace, NEVER);
      await server.remove(`/pipelines/${pipeline}`, PROFILE.namespace, NEVER);
    });
    await until(
      "the run in the list, once",
      () => Promise.resolve(runs.value?.items.filter((item) => item.id === id).length),
      (count) => count === 1,
      20_000,
    );
    await assert.rejects(
      pipelines.server.json("/runs", { namespace: namespace }, namespace, NEVER),
      { code: "no-rights" },
      "a namespace of others",
    );
  });

  it("signs in anew where the session is over, and says so where a browser's is", async () => {
    const session = await gateway.session(undefined, NEVER);
    const before = await gatewayPod();
    const [, deployment] = gatewayObjects(NAME, namespace, server, "another")[0] ?? [];
    await rig.client.patch(DEPLOYMENT, NAME, namespace, { ...deployment });
    const old = (): Promise<unknown> => rig.client.find(POD, before ?? "", namespace, NEVER);
    await until("the end of the gateway before", old, (pod) => pod === undefined, 60_000);
    await until("another gateway", gatewayPod, (pod) => pod !== undefined, 60_000);
    await pipelines.server.json("/runs", { namespace: PROFILE.namespace }, PROFILE.namespace, NEVER);
    assert.notEqual((await gateway.session(undefined, NEVER)).cookie, session.cookie);

    const now = await gateway.session(undefined, NEVER);
    await assert.rejects(gateway.enter(origin, { cookie: session.cookie }, leadsIn, NEVER), { code: "signed-out" });
    assert.equal((await gateway.session(undefined, NEVER)).cookie, now.cookie, "what was good before is kept");
    await gateway.enter(origin, { cookie: "oauth2_proxy_kubeflow=another" }, leadsIn, NEVER);
    assert.equal((await pipelines.server.open(NEVER)).way, "gateway");
  });

  it("tries a password that is refused once, until the person signs in again", async () => {
    const key = [...kept.keys()][0] ?? "";
    const login = { email: ACCOUNT.email, password: "of yesterday" };
    kept.set(key, JSON.stringify({ ...(JSON.parse(kept.get(key) ?? "{}") as object), login }));
    const over = await gateway.session(undefined, NEVER);
    const before = connected;
    for (let time = 0; time < 3; time++)
      await assert.rejects(gateway.session(over, NEVER), { code: "gateway-refused" });
    const steps = connected - before;
    assert.ok(steps > 0 && steps < 10, `${steps} requests`);
    await assert.rejects(gateway.session(over, NEVER), { code: "gateway-refused" });
    assert.equal(connected - before, steps, "nothing is asked any more");
    await gateway.enter(origin, ACCOUNT, leadsIn, NEVER);
    await pipelines.server.json("/runs", { namespace: PROFILE.namespace }, PROFILE.namespace, NEVER);
  });

  it("keeps nothing once the person has signed out", async () => {
    await Promise.all(undo.splice(0).map((each) => each()));
    await gateway.forget();
    assert.equal(kept.size, 0);
    assert.equal(await gateway.origin(), undefined);
  });
});
