import assert from "node:assert/strict";
import { TableRow } from "../kube/table.ts";
import { isJobKind, JOB_KINDS, jobFromRow, kindOf, kindOrDefault } from "./jobKinds.ts";
import { podLabel } from "./labels.ts";
import type { JobKind } from "./model.ts";
import { job } from "./testing/objects.ts";

const COLUMNS = ["Name", "State", "Age"].map((name) => ({ name, isAge: name === "Age" }));
const row = (state: string, age = "2m5s"): TableRow =>
  new TableRow("bert", "team-a", COLUMNS, ["bert", state, age], 500_000);

describe("the table of kinds", () => {
  it("has each kind once, with where it lives, how its pods are found and how it is suspended", () => {
    assert.deepEqual(
      JOB_KINDS.map(({ kind, resource, suspend }) =>
        [
          kind,
          `${resource.group}/${resource.version}/${resource.plural}`,
          podLabel(kind),
          JSON.stringify(suspend(true)),
        ].join(" "),
      ),
      [
        'TrainJob trainer.kubeflow.org/v1alpha1/trainjobs jobset.sigs.k8s.io/jobset-name {"suspend":true}',
        ...["pytorch", "tf", "mpi", "xgboost", "paddle", "jax"].map(
          (name, at) =>
            `${["PyTorch", "TF", "MPI", "XGBoost", "Paddle", "JAX"][at] ?? ""}Job kubeflow.org/v1/${name}jobs training.kubeflow.org/job-name {"runPolicy":{"suspend":true}}`,
        ),
      ],
    );
  });

  it("gives the same definition each time, and takes nothing for a kind that is none", () => {
    assert.equal(kindOf("TFJob").jobs, kindOf("TFJob").jobs);
    assert.notEqual(kindOf("TFJob").jobs, kindOf("MPIJob").jobs);
    for (const name of ["MXJob", "", "constructor", undefined, 3]) assert.equal(isJobKind(name), false);
    assert.equal(kindOrDefault(undefined), "PyTorchJob");
    assert.equal(kindOrDefault("TrainJob"), "TrainJob");
  });
});

describe("a job of which only the printed row is known", () => {
  it("has its state, its age and no more", () => {
    const read = jobFromRow("PyTorchJob", row("Running"));
    assert.deepEqual([read.condition, read.created, read.partial, read.uid], ["Running", 500_000 - 125_000, true, ""]);
    assert.deepEqual(read.replicas, []);
    assert.equal(jobFromRow("PyTorchJob", row("Running", "<unknown>")).created, 0);
  });

  it("is suspended where the row says so, but a TrainJob's row says so also of one that goes on", () => {
    const held = (kind: JobKind): boolean => jobFromRow(kind, row("Suspended")).suspended;
    assert.deepEqual([held("PyTorchJob"), held("TrainJob")], [true, false]);
    assert.equal(jobFromRow("TrainJob", row("Complete")).condition, "Succeeded");
    assert.equal(jobFromRow("TrainJob", row("Suspended")).condition, undefined);
  });

  it("is the whole one where that is known, with the state as it is now", () => {
    const whole = job({ condition: "Running", message: "old" });
    assert.equal(jobFromRow("PyTorchJob", row("Running"), whole), whole);
    const ended = jobFromRow("PyTorchJob", row("Failed"), whole);
    assert.deepEqual([ended.condition, ended.message, ended.uid], ["Failed", undefined, "u1"]);
  });
});
