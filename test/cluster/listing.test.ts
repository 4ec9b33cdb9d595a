import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import type { Listing, ListingDefinition } from "../../src/kube/store.ts";
import { Stores } from "../../src/kube/stores.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { createRaw } from "./recorder.ts";
import { bendKubeconfig, Cleanup, CONFIG_MAP, kubeconfigOf, makeNamespace, openRig, type Rig } from "./support.ts";

interface Row {
  readonly name: string;
  readonly state: string;
  readonly created: number;
  /** Only of whole objects. */
  readonly uid: string;
}

function definition(kind: ResourceKind, column: string): ListingDefinition<Row> {
  return {
    kind,
    project: ({ metadata }: KubeObject) => ({
      name: metadata.name,
      state: metadata.labels?.["state"] ?? "",
      created: Date.parse(metadata.creationTimestamp ?? ""),
      uid: metadata.uid ?? "",
    }),
    projectRow: (row, whole) => ({
      name: row.name,
      state: row.text(column),
      created: row.time("Age") ?? 0,
      uid: whole?.uid ?? "",
    }),
  };
}

const CONFIG_MAPS = definition(CONFIG_MAP, "Data");
const JOBS = definition(PYTORCH_JOB, "State");
const MANY = 520;

describe("listing a namespace", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "listing");
  });

  after(() => cleanup.run());

  function listing(from: Rig, of: ListingDefinition<Row>, clock: Clock = systemClock): Listing<Row> {
    const stores = new Stores({ client: from.client, clock, log: silentLogger });
    cleanup.add(() => stores.dispose());
    const made = stores.listing(of, namespace);
    made.hold();
    return made;
  }

  const sees = (list: Listing<Row>, what: string, name: string, fits: (row: Row | undefined) => boolean) =>
    until(what, () => Promise.resolve(list.items.get(name)), fits);

  const configMap = (name: string, data: Readonly<Record<string, string>>): KubeObject =>
    Object.assign({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } }, { data });

  it("of few objects draws what the server prints, and then the objects", async () => {
    const { name } = await createRaw(rig, { name: "one", namespace, master: "import time; time.sleep(600)" });
    await until(
      "the operator's first word",
      () => rig.client.get<KubeObject & { status?: unknown }>(PYTORCH_JOB, name, namespace),
      ({ status }) => status !== undefined,
    );
    const list = listing(rig, JOBS);
    const told: Row[] = [];
    list.onDidChange(({ changed }) => told.push(...changed));
    await list.settled();
    await sees(list, "the object", name, (row) => row?.uid !== "");
    assert.match(told[0]?.state ?? "", /^(Created|Running)$/);
    assert.equal(told[0]?.uid, "");
    const created = list.items.get(name)?.created ?? NaN;
    assert.ok(Math.abs(created - told[0].created) < 3_000, "the printed age is exact to a second");
  });

  it("of many keeps what the server prints, live, and reads the objects that are asked for", async () => {
    for (let from = 0; from < MANY; from += 20) {
      const names = Array.from({ length: 20 }, (_, at) => `map-${from + at}`);
      await Promise.all(names.map((name) => rig.client.create(CONFIG_MAP, configMap(name, { a: "1" }))));
    }
    const list = listing(rig, CONFIG_MAPS);
    await list.settled();
    assert.ok(list.items.size >= MANY);
    assert.ok(
      [...list.items.values()].every(({ uid }) => uid === ""),
      "no object was read",
    );

    await rig.client.patch(CONFIG_MAP, "map-1", namespace, { data: { b: "2" } });
    await sees(list, "the change", "map-1", (row) => row?.state === "2");
    await rig.client.create(CONFIG_MAP, configMap("made", {}));
    await sees(list, "the new one", "made", (row) => row?.state === "0");
    const whole = await list.whole("made");
    assert.notEqual(whole?.uid, "");
    await rig.client.patch(CONFIG_MAP, "made", namespace, { metadata: { labels: { state: "labelled" } } });
    await sees(list, "what is not printed, of what was asked for", "made", (row) => row?.state === "labelled");
    await rig.client.delete(CONFIG_MAP, "made", namespace, whole?.uid ?? "");
    await sees(list, "its end", "made", (row) => row === undefined);
    assert.equal(await list.whole("made"), undefined);
  });

  it("is read anew from time to time for who may list and not watch", async () => {
    const api = "rbac.authorization.k8s.io";
    const rbac = (plural: string, kind: string): ResourceKind => ({
      group: api,
      version: "v1",
      plural,
      kind,
      namespaced: true,
    });
    const meta = { apiVersion: `${api}/v1`, metadata: { name: "lister", namespace } };
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }];
    await rig.client.create<KubeObject>(rbac("roles", "Role"), Object.assign({ kind: "Role", ...meta }, { rules }));
    const subjects = [{ kind: "User", name: "lister", apiGroup: api }];
    const roleRef = { kind: "Role", name: "lister", apiGroup: api };
    await rig.client.create<KubeObject>(
      rbac("rolebindings", "RoleBinding"),
      Object.assign({ kind: "RoleBinding", ...meta }, { subjects, roleRef }),
    );
    const kubeconfig = await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ user }) => (user["as"] = "lister"));
    const lister = await openRig(cleanup, kubeconfig);
    // Pauses pass twenty times as fast.
    const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };
    const list = listing(lister, CONFIG_MAPS, clock);
    await until(
      "an answer",
      () => Promise.resolve(list.state.kind),
      (kind) => kind === "live",
    );
    assert.deepEqual(list.state, { kind: "live", everyMs: 30_000 });
    await rig.client.patch(CONFIG_MAP, "map-2", namespace, { data: { b: "2" } });
    await sees(list, "the change", "map-2", (row) => row?.state === "2");
    const forbidden = listing(lister, JOBS);
    await forbidden.settled();
    assert.equal(forbidden.state.kind, "forbidden");
  });
});
