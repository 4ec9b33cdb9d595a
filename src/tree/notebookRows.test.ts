import assert from "node:assert/strict";
import { projectNotebook } from "../kubeflow/kinds/notebook.ts";
import { notebookRow } from "./notebookRows.ts";

const ALL = { events: true, logs: true, shell: true, forward: true, change: true, delete: true };

describe("rows of notebooks", () => {
  it("say their state, what matters, what they ask for, and at last since when", () => {
    const notebook = { ...projectNotebook({ metadata: { name: "bob" } }), gpus: 32 };
    const summary = { state: "Waiting", detail: "needs 32 × GPU, not free", when: "for 2 h" } as const;
    const row = notebookRow(notebook, { summary, namespace: "", allowed: ALL, hasPod: false, why: true });
    assert.equal(row.description, "Waiting · needs 32 × GPU, not free · 32 GPUs · for 2 h");
    assert.equal(row.spoken, "bob, notebook, waiting, needs 32 × GPU, not free, 32 GPUs, for 2 hours");
  });
});
