import assert from "node:assert/strict";
import type { Preview } from "../../src/contract/preview.ts";
import type { FromWizard } from "../../src/contract/wizard.ts";
import { CHECKS, GKE, GKE_PREVIEW, NO_STATE, T4_TIMES_3 } from "../../test/pages/fixtures.ts";
import { FULL, kubeflowPreview } from "../../test/pages/kubeflow.ts";
import { CANCELLED, FORM, PLANNED, RUNNING } from "../../test/pages/states.ts";
import { type Action, errors, START, type State, step } from "./state.ts";

const INIT: Action = { type: "init", wish: GKE, preview: GKE_PREVIEW, state: FORM };
const PLAN: Action = { type: "press", message: { type: "plan" } };
const WRONG: Preview = { ...GKE_PREVIEW, findings: [T4_TIMES_3] };

/** What comes of some actions, one after the other. */
function run(...actions: readonly Action[]): { state: State; sent: FromWizard[] } {
  let state = START;
  const sent: FromWizard[] = [];
  for (const action of actions) {
    const turn = step(state, action);
    state = turn.state;
    sent.push(...turn.send);
  }
  return { state, sent };
}

const type = (path: string, value: unknown, typed: string): Action => ({ type: "edit", path, value, typed });
const types = (sent: readonly FromWizard[]): string[] => sent.map((message) => message.type);

describe("the wizard's state", () => {
  it("keeps typing back until it pauses, and sends one change for all of it", () => {
    const typing = [type("name", "a", "a"), type("name", "ab", "ab")];
    assert.deepEqual(run(INIT, ...typing).sent, []);
    const { sent } = run(INIT, ...typing, { type: "flush" }, { type: "flush" });
    assert.deepEqual(sent, [{ type: "change", seq: 1, wish: { ...GKE, name: "ab" } }]);
  });

  it("sends a pick at once, and nothing where the value is what it was", () => {
    const pick: Action = { type: "edit", path: "gke.region", value: "europe-west4" };
    assert.deepEqual(types(run(INIT, pick, pick).sent), ["change"]);
  });

  it("does not plan what has errors, and counts how often it was asked to", () => {
    const { state, sent } = run({ ...INIT, preview: WRONG }, PLAN, PLAN);
    assert.deepEqual([sent, state.complaints], [[], 2]);
  });

  it("waits with the plan for the answer to what was just typed", () => {
    const pressed = [INIT, type("name", "ab", "ab"), PLAN];
    assert.deepEqual(types(run(...pressed).sent), ["change"]);
    const good = run(...pressed, { type: "preview", seq: 1, preview: GKE_PREVIEW });
    assert.deepEqual(types(good.sent), ["change", "plan"]);
    const bad = run(...pressed, { type: "preview", seq: 1, preview: { ...GKE_PREVIEW, findings: [NO_STATE] } });
    assert.deepEqual([types(bad.sent), bad.state.complaints], [["change"], 1]);
  });

  it("takes a number that cannot be read for an error, and sends nothing of it", () => {
    const { state, sent } = run(INIT, type("gke.cpu.nodes", undefined, "3x"), { type: "flush" }, PLAN);
    assert.deepEqual(sent, []);
    assert.deepEqual([errors(state)[0]?.field, state.typed["gke.cpu.nodes"]], ["gke.cpu.nodes", "3x"]);
    const elsewhere = run(INIT, type("gke.cpu.nodes", undefined, "3x"), {
      type: "edit",
      path: "where",
      value: "local",
    });
    assert.deepEqual(errors(elsewhere.state), []);
  });

  it("does not keep a plan back for quotas of people whom the choice no longer has", () => {
    const full: Action = { ...INIT, wish: FULL, preview: kubeflowPreview(GKE_PREVIEW, "full") };
    const typed = run(full, type("kubeflow.quota.cpu", undefined, "many")).state;
    assert.deepEqual(
      errors(typed).map(({ field }) => field),
      ["kubeflow.quota.cpu"],
    );
    const training: Action = { type: "edit", path: "kubeflow.profile", value: "training" };
    const preview = kubeflowPreview(GKE_PREVIEW, "training");
    const left = step(step(typed, training).state, { type: "preview", seq: 1, preview }).state;
    assert.deepEqual(errors(left), []);
  });

  it("says of a number that is too large that it is, not that it is none", () => {
    const message = (typed: string): string | undefined =>
      errors(run(INIT, type("gke.cpu.nodes", undefined, typed)).state)[0]?.message;
    assert.deepEqual([message("9999999"), message("3x")], ["At most 100,000.", "A whole number, such as 3."]);
  });

  it("tells checks of an earlier form from none, until there are some again", () => {
    const none: Action = { type: "checks", checks: [] };
    const some: Action = { type: "checks", checks: CHECKS };
    const left = (...actions: Action[]): boolean => run(INIT, ...actions).state.checksLeft;
    assert.deepEqual(
      [left(none), left(some), left(some, none, none), left(some, none, some)],
      [false, false, true, false],
    );
  });

  it("ignores answers to a form that it has left", () => {
    const edits: Action[] = [
      INIT,
      { type: "edit", path: "name", value: "a" },
      { type: "edit", path: "name", value: "b" },
    ];
    const late = run(...edits, { type: "preview", seq: 1, preview: WRONG });
    assert.equal(late.state.preview, GKE_PREVIEW);
    const wish = run(...edits, { type: "wish", seq: 1, wish: { ...GKE, name: "z" }, preview: WRONG });
    assert.equal(wish.state.wish?.name, "b");
  });

  it("leaves half-typed lists as they are when the extension changes other fields", () => {
    const half = type("gke.authorizedNetworks", ["10.0.0.0/8"], "10.0.0.0/8, ");
    const wish = { ...GKE, gke: { ...GKE.gke, region: "europe-west4", authorizedNetworks: ["10.0.0.0/8"] } };
    const { state } = run(INIT, half, { type: "flush" }, { type: "wish", seq: 1, wish, preview: GKE_PREVIEW });
    assert.deepEqual([state.typed["gke.authorizedNetworks"], state.wish?.gke.region], ["10.0.0.0/8, ", "europe-west4"]);
  });

  it("switches the GPU pool on again as it was", () => {
    const { state } = run(INIT, { type: "gpu", on: false }, { type: "gpu", on: true });
    assert.deepEqual(state.wish?.gke.gpu, GKE.gke.gpu);
  });

  it("creates once, and never from a plan that the form has left", () => {
    const create: Action = { type: "press", message: { type: "create" } };
    const planned: Action = { type: "state", state: PLANNED };
    assert.deepEqual(types(run(INIT, planned, create, create).sent), ["create"]);
    const left = run(INIT, planned, type("name", "other", "other"), create);
    assert.deepEqual([types(left.sent), left.state.stale], [["change"], true]);
  });

  it("says the steps as they change, and how it ended", () => {
    const running = run(INIT, { type: "state", state: RUNNING }).state;
    assert.match(running.said, /Cloud: running\. makes the control plane/);
    const same = step({ ...running, said: "" }, { type: "state", state: RUNNING }).state;
    assert.equal(same.said, "");
    assert.match(step(running, { type: "state", state: CANCELLED }).state.said, /^Cancelled after 6 min/);
  });
});
