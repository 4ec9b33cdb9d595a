import assert from "node:assert/strict";
import { projectNotebook } from "../kubeflow/kinds/notebook.ts";
import { notebookRow, ticks } from "./notebookRows.ts";

const ALL = { events: true, logs: true, shell: true, change: true, delete: true };

describe("rows of notebooks", () => {
  it("say their state, what matters, what they ask for, and at last since when", () => {
    const notebook = { ...projectNotebook({ metadata: { name: "bob" } }), gpus: 32 };
    const summary = { state: "Waiting", detail: "needs 32 × GPU, not free", when: "for 2 h" } as const;
    const row = notebookRow(notebook, {
      summary,
      namespace: "",
      allowed: ALL,
      hasPod: false,
      use: ["Last used 2 h ago"],
      why: true,
    });
    assert.equal(row.description, "Waiting · needs 32 × GPU, not free · 32 GPUs · for 2 h");
    assert.doesNotMatch(row.contextValue, /\bopen\b/);
    assert.ok(row.tooltip.includes("Last used 2 h ago"));
    assert.equal(row.spoken, "bob, notebook, waiting, needs 32 × GPU, not free, 32 GPUs, for 2 hours");
  });

  it("tick by the minute, and of hours only towards their being stopped", () => {
    const says = (detail: string, when: string): boolean => ticks({ state: "Ready", detail, when });
    assert.deepEqual(
      [says("", "for a moment"), says("", "for 14 min"), says("evicted just now", "for 2 h"), says("", "for 2 h")],
      [true, true, true, false],
    );
    assert.deepEqual([says("idle for 2 h, stops in 22 h", ""), says("idle for 2 h", "")], [true, false]);
  });
});
