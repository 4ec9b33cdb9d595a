import assert from "node:assert/strict";
import type { InstallView, PartView } from "../install/index.ts";
import type { StoreState } from "../kube/store.ts";
import { installRow, partRow } from "./kubeflowRows.ts";

const part = (title: string, state: PartView["state"], ...reasons: string[]): PartView => ({
  ...{ id: title.toLowerCase(), title, version: "1.2.3", state, reasons },
});
const view = (parts: readonly PartView[], more: Partial<InstallView> = {}): InstallView => ({
  ...{ release: "26.03.1", intent: "install", isUnderWay: false, isFinished: true, parts },
  ...more,
});
const LIVE: StoreState = { kind: "live" };
const NO_POD = "Deployment katib in kubeflow: 0 of 1 ready · pod katib-1: waiting, the image cannot be pulled";

describe("rows of an install", () => {
  it("count what is healthy, name the one that is not, and say where an install stands", () => {
    const ready = [part("Dex", "Ready"), part("Istio", "Ready")];
    const katib = part("Katib", "Starting", NO_POD);
    const says = (value: InstallView, state: StoreState = LIVE): string =>
      installRow({ value, state }, 60_000).description;
    assert.equal(says(view(ready)), "26.03.1 · all 2 healthy");
    assert.equal(says(view(ready.slice(1))), "26.03.1 · healthy");
    assert.equal(says(view([...ready, katib])), "26.03.1 · Katib is not ready");
    assert.equal(says(view([...ready, katib, part("KServe", "Failed")])), "26.03.1 · 2 of 4 are not ready");
    assert.equal(says(view([part("Dex", "Unknown", "no")])), "26.03.1 · its health may not be read");
    assert.equal(says(view([katib], { isFinished: false })), "26.03.1 · not finished");
    assert.equal(says(view([katib], { isFinished: false, isUnderWay: true })), "26.03.1 · being installed");
    assert.equal(says(view([katib], { intent: "uninstall", isFinished: false })), "26.03.1 · not all taken away yet");
    assert.equal(
      says(view(ready), { kind: "stale", since: 0, why: "no answer" }),
      "26.03.1 · stale for 1 min: no answer",
    );
  });

  it("offer to go on with what nobody works at, and tell the rest to pointer and screen reader", () => {
    const value = view([part("Dex", "Ready"), part("Katib", "Failed", NO_POD)], { isFinished: false });
    const row = installRow({ value, state: LIVE }, 0);
    assert.equal(row.contextValue, "folder;kubeflow;unfinished;");
    assert.deepEqual(row.tooltip, ["Kubeflow: 26.03.1 · not finished", `Katib: failed. ${NO_POD}`]);
    assert.equal(row.spoken, "Kubeflow, 26.03.1, not finished");
    const running = installRow({ value: { ...value, isUnderWay: true }, state: LIVE }, 0);
    assert.equal(running.contextValue, "folder;kubeflow;");
    assert.equal(installRow(undefined, 0).description, "");
  });

  it("of a component say its state, why, and its version, whatever the cluster has written there", () => {
    const ready = partRow(part("Dex", "Ready"));
    assert.deepEqual([ready.label, ready.description, ready.icon], ["Dex", "Ready · 1.2.3", "pass-filled"]);
    assert.equal(ready.contextValue, "component;");
    const odd = partRow(part("Katib\u001b[31m", "Waiting", NO_POD));
    assert.equal(odd.label, "Katib");
    assert.equal(odd.description, "Waiting · the image cannot be pulled · 1.2.3");
    assert.equal(odd.contextValue, "component;why;");
    assert.equal(odd.spoken, "Katib, component of Kubeflow, waiting, the image cannot be pulled, 1.2.3");
    assert.deepEqual(odd.tooltip, ["Katib 1.2.3", "Waiting", NO_POD]);
    const gone = partRow(part("Dex", "Failed", "Deployment dex in auth: it is not there"));
    assert.equal(gone.description, "Failed · it is not there · 1.2.3");
  });
});
