import assert from "node:assert/strict";
import { projectRayJob } from "../kubeflow/kinds/rayJob.ts";
import { workloadRow } from "./workloadRows.ts";

const ALL = { events: true, logs: true, shell: true, change: true, delete: true };

describe("rows of experiments, model servers and Ray jobs", () => {
  it("say their state, what matters and since when, and offer what can be done", () => {
    const item = projectRayJob({ metadata: { name: "sweep" }, ...{ status: { jobDeploymentStatus: "Initializing" } } });
    const summary = { state: "Starting", detail: "2 workers", when: "for 3 min" } as const;
    const row = workloadRow(item, {
      what: "rayJobs",
      summary,
      namespace: "",
      allowed: ALL,
      why: [{ text: "No room." }],
    });
    assert.equal(row.description, "Starting · 2 workers · for 3 min");
    assert.equal(row.spoken, "sweep, Ray job, starting, 2 workers, for 3 minutes");
    assert.equal(row.contextValue, "workload;object;name;events;why;logs;delete;");
    assert.ok(row.tooltip.includes("No room."));
    const narrow = { ...ALL, delete: false, logs: false };
    const quiet = workloadRow(item, { what: "rayJobs", summary, namespace: "bob", allowed: narrow, why: [] });
    assert.equal(quiet.contextValue, "workload;object;name;events;");
    assert.equal(quiet.description, "Starting · 2 workers · for 3 min · bob");
  });
});
