import assert from "node:assert/strict";
import type { FromJobForm, JobFinding, JobForm } from "../../src/contract/jobForm.ts";
import { toForm } from "../../src/jobs/form/form.ts";
import { said, withLine } from "../ui/form/state.ts";
import { type Action, gpuTypeOf, START, type State, step, withGpuType } from "./state.ts";

const FORM: JobForm = toForm({
  ...{ kind: "PyTorchJob", context: "team-a", namespace: "alice", image: "python:3.12", args: [] },
  size: { nodes: 1, gpusPerNode: 0, processesPerNode: 1 },
});
const INIT: Action = { type: "init", file: "train.py", form: FORM, preview: START.preview };
const PROBLEM: JobFinding = { field: "nodes", level: "problem", text: "No.", lines: [], next: "" };

function run(...actions: readonly Action[]): { state: State; sent: FromJobForm[] } {
  let state = START;
  const sent: FromJobForm[] = [];
  for (const action of actions) {
    const turn = step(state, action);
    state = turn.state;
    sent.push(...turn.send);
  }
  return { state, sent };
}

describe("the state of a job's page", () => {
  it("sends what changed, and nothing where the value is what it was", () => {
    const edit: Action = { type: "edit", change: { nodes: "2" } };
    const { sent } = run(edit, INIT, edit, edit);
    assert.deepEqual(sent, [{ type: "change", seq: 1, form: { ...FORM, nodes: "2" } }]);
  });

  it("drops the answer to an older form, and takes what the extension planned by itself", () => {
    const edits: Action[] = [INIT, { type: "edit", change: { nodes: "2" } }, { type: "edit", change: { nodes: "3" } }];
    const answer = (seq: number): Action => ({
      type: "preview",
      seq,
      preview: { ...START.preview, summary: `${seq}` },
    });
    assert.equal(run(...edits, answer(1)).state.preview.summary, "");
    assert.equal(run(...edits, answer(2)).state.preview.summary, "2");
    assert.equal(run(...edits, answer(-1)).state.preview.summary, "-1");
  });

  it("presses nothing while something is being sent", () => {
    const press: Action = { type: "press", message: { type: "run" } };
    assert.equal(run(INIT, { type: "busy", busy: true }, press, { type: "busy", busy: false }, press).sent.length, 1);
  });

  it("says what cannot be read before what the cluster found", () => {
    const found: Action = { type: "findings", findings: [{ ...PROBLEM, field: "image" }], checking: false };
    assert.deepEqual(
      said(run(INIT, found).state).map(({ field, index }) => [field, index]),
      [["image", 0]],
    );
    const unread: Action = { type: "preview", seq: 0, preview: { ...START.preview, problems: [PROBLEM] } };
    assert.deepEqual(
      said(run(INIT, found, unread).state).map(({ field, index }) => [field, index]),
      [["nodes", -1]],
    );
  });

  it("keeps a GPU type among the node labels, one at a time", () => {
    const types = ["gpu=l4", "gpu=h100"];
    assert.equal(gpuTypeOf("spot=true\ngpu=l4", types), "gpu=l4");
    assert.equal(gpuTypeOf("spot=true", types), "");
    assert.equal(withGpuType("gpu=l4\n\nspot=true", types, "gpu=h100"), "spot=true\ngpu=h100");
    assert.equal(withGpuType("gpu=l4", types, ""), "");
    assert.equal(withLine("a:/a\n", "b:/b"), "a:/a\nb:/b");
    assert.equal(withLine("a:/a", "a:/a"), "a:/a");
  });
});
