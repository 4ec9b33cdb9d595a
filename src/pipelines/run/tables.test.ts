import assert from "node:assert/strict";
import { classificationTable } from "./tables.ts";

describe("classification metrics of a run", () => {
  it("are tables, as the launcher wraps what the SDK logged", () => {
    const point = { confidenceThreshold: 0.5, falsePositiveRate: 0.1, recall: 0.8 };
    assert.deepEqual(classificationTable("confidenceMetrics", { list: [point] })?.rows, [
      ["Threshold", "False positive rate", "True positive rate"],
      ["0.5", "0.1", "0.8"],
    ]);
    const annotationSpecs = [{ displayName: "cat" }, { displayName: "d\u202eog" }];
    const struct = { annotationSpecs, rows: [{ row: [9, 1] }, { row: [2, 8] }] };
    assert.deepEqual(classificationTable("confusionMatrix", { struct })?.rows, [
      ["Actual \\ predicted", "cat", "d\ufffdog"],
      ["cat", "9", "1"],
      ["d\ufffdog", "2", "8"],
    ]);
    assert.equal(classificationTable("note", { struct }), undefined);
    assert.deepEqual(classificationTable("confusionMatrix", { struct: [{ rows: 3 }] })?.rows, [
      ["Actual \\ predicted"],
    ]);
  });

  it("are cut where they are long", () => {
    const cut = classificationTable("confidenceMetrics", { list: Array.from({ length: 1_000 }, () => ({})) });
    assert.ok(cut?.isCut === true && cut.rows.length === 201);
  });
});
