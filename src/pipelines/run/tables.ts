// What `ClassificationMetrics` of the SDK log into the metadata, as tables (kfp: dsl/types/artifact_types.py).
import { label } from "../../core/sanitize.ts";
import { type Json, list, number, record } from "../../kubeflow/read.ts";
import type { ArtifactTable } from "./model.ts";

const MOST_ROWS = 200;
const MOST_COLUMNS = 50;

/**
 * Of a property of an artifact; undefined where it is another. What is a list or a structure comes in one that says which
 * (pipelines: backend/src/v2/metadata/converter.go).
 */
export function classificationTable(property: string, value: Json): ArtifactTable | undefined {
  if (property === "confidenceMetrics") {
    const points = list(value["list"]).map((point) => [
      cell(point["confidenceThreshold"]),
      cell(point["falsePositiveRate"]),
      cell(point["recall"]),
    ]);
    const head = ["Threshold", "False positive rate", "True positive rate"];
    return { name: "ROC curve", rows: [head, ...points.slice(0, MOST_ROWS)], isCut: points.length > MOST_ROWS };
  }
  if (property !== "confusionMatrix") return undefined;
  const { annotationSpecs, rows: given } = record(value["struct"]);
  const names = list(annotationSpecs).map(({ displayName }) => cell(displayName));
  const rows = list(given).map(({ row }, index) => [names[index] ?? "", ...(Array.isArray(row) ? row.map(cell) : [])]);
  const all = [["Actual \\ predicted", ...names], ...rows];
  return {
    name: "Confusion matrix",
    rows: all.slice(0, MOST_ROWS).map((row) => row.slice(0, MOST_COLUMNS)),
    isCut: all.length > MOST_ROWS || names.length >= MOST_COLUMNS,
  };
}

function cell(value: unknown): string {
  return typeof value === "string" ? label(value) : String(number(value) ?? "");
}
