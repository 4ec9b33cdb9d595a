import assert from "node:assert/strict";
import { Emitter } from "../../core/events.ts";
import { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { projectNotebook, STOPPED_ANNOTATION } from "../../kubeflow/kinds/notebook.ts";
import { pod } from "../../kubeflow/testing/objects.ts";
import type { ObjectsChange } from "../../kubeflow/namespaceObjects.ts";
import type { NamespaceNotebooks } from "../namespaceNotebooks.ts";
import type { NotebookState } from "../notebookStatus.ts";
import { begin } from "./begin.ts";

const LAB = { namespace: "team-a", name: "lab" };
const STARTED = { metadata: { ...LAB, uid: "u" }, status: { readyReplicas: 1 } };
const STOPPED = { annotations: { [STOPPED_ANNOTATION]: "2026-11-22T00:00:00Z" } };

describe("a notebook that is to run cells", () => {
  const clock = new ManualClock();
  const change = new Emitter<ObjectsChange>();

  /** What comes of it while the view says these states in turn; `lost`: why its pod ended. */
  async function told(
    itsPod: () => FakeReply,
    states: readonly NotebookState[],
    {
      lost,
      more = {},
      agrees = true,
      meanwhile,
      stops = Infinity,
    }: {
      readonly lost?: string;
      readonly more?: object;
      readonly agrees?: boolean;
      /** Nobody answers the question; this happens instead. */
      readonly meanwhile?: "started" | "deleted" | "cancelled";
      /** After so many states it is stopped. */
      readonly stops?: number;
    } = {},
  ): Promise<readonly string[]> {
    const cancel = new AbortController();
    let object: Pick<KubeObject, "metadata"> | undefined = { ...STARTED, metadata: { ...STARTED.metadata, ...more } };
    const said: string[] = [];
    const transport = new FakeTransport(({ path, raw: { method, body } }) => {
      if (method === "PATCH") {
        said.push(`PATCH ${JSON.stringify(body)}`);
        object = STARTED;
      }
      if (path.includes("/pods/")) return itsPod();
      return object === undefined ? refusal(404, "NotFound", "no") : json(object);
    });
    const left = [...states];
    const live: Partial<NamespaceNotebooks> = {
      ...{ state: { kind: "live" }, onDidChange: change.event, dispose: () => undefined },
      answered: () => Promise.resolve(),
      get: () => object && projectNotebook(object),
      summary: () => {
        if (states.length - left.length + 1 === stops)
          object = { ...STARTED, metadata: { ...STARTED.metadata, ...STOPPED } };
        return { state: left.shift() ?? "Ready", detail: "so it goes", when: "" };
      },
      podOf: () => pod({ phase: lost === undefined ? "Running" : "Failed", reason: lost }),
      warningsOf: () => [],
    };
    const ports = {
      ...{ client: new KubeClient(transport), clock, tell: (text: string) => said.push(text) },
      watch: () => live as NamespaceNotebooks,
      mayStart: (name: string) => {
        said.push(`Start ${name}?`);
        if (meanwhile === undefined) return Promise.resolve(agrees);
        if (meanwhile === "cancelled") cancel.abort();
        else object = meanwhile === "deleted" ? undefined : STARTED;
        return new Promise<boolean>(() => undefined);
      },
    };
    const done = begin(LAB, ports, cancel.signal).then(
      () => said.push("ready"),
      (error: unknown) => said.push(String(error)),
    );
    let over: unknown;
    void done.then((count) => (over = count));
    while (over === undefined) await clock.advance(1_000);
    return said;
  }

  it("is ready where its pod stays, or may not be read; not while the one that it had ends", async () => {
    const ending = () => json({ metadata: { name: "lab-0", deletionTimestamp: "2026-11-22T00:00:00Z" } });
    assert.deepEqual(await told(() => json({ metadata: { name: "lab-0" } }), []), ["ready"]);
    assert.deepEqual(await told(() => refusal(403, "Forbidden", "no"), []), ["ready"]);
    assert.deepEqual(await told(ending, ["Restarting", "Starting", "Ready"]), [
      "Restarting · so it goes",
      "Starting · so it goes",
      "ready",
    ]);
  });

  it("is given up where it fails or is being deleted, and not where another pod follows", async () => {
    const none = () => refusal(404, "NotFound", "no");
    const [failed = ""] = await told(none, ["Failed"]);
    assert.match(failed, /lab was not connected\. Failed: so it goes\.$/);
    assert.deepEqual(await told(none, ["Failed", "Ready"], { lost: "Evicted" }), ["Failed · so it goes", "ready"]);
    const [gone = ""] = await told(none, [], { more: { deletionTimestamp: "2026-11-22T00:00:00Z" } });
    assert.match(gone, /lab was not connected\. It is being deleted\.$/);
  });

  it("that is stopped is started where that is agreed to, and left alone where it is not", async () => {
    const there = () => json({ metadata: { name: "lab-0" } });
    const more = STOPPED;
    assert.deepEqual(await told(there, ["Starting", "Ready"], { more }), [
      "Start lab?",
      `PATCH {"metadata":{"uid":"u","annotations":{"${STOPPED_ANNOTATION}":null}}}`,
      ...["Starting · so it goes", "ready"],
    ]);
    const [asked, ...rest] = await told(there, [], { more, agrees: false });
    assert.equal(asked, "Start lab?");
    assert.match(rest.join(), /^\w+: lab was not connected\. It is stopped\.$/);
  });

  it("does not wait for the answer once it is started elsewhere, gone, or no longer wanted", async () => {
    const there = () => json({ metadata: { name: "lab-0" } });
    const after = async (meanwhile: "started" | "deleted" | "cancelled"): Promise<string> =>
      (await told(there, ["Starting", "Ready"], { more: STOPPED, meanwhile })).slice(2).join();
    assert.equal(await after("started"), "Starting · so it goes,ready");
    assert.match(await after("deleted"), /lab was not connected\. It was deleted meanwhile\.$/);
    assert.match(await after("cancelled"), /^CancelledError/);
  });

  it("is given up where it is stopped again before it is ready", async () => {
    const none = () => refusal(404, "NotFound", "no");
    const said = await told(none, ["Starting", "Starting", "Starting", "Ready"], { stops: 2 });
    assert.match(said.at(-1) ?? "", /lab was not connected\. It was stopped meanwhile\.$/);
  });
});
