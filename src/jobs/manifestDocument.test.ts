import assert from "node:assert/strict";
import { pathOf, readManifest, refusedFields } from "./manifestDocument.ts";

const JOB = `apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  name: resnet
  namespace: alice
spec:
  trainer:
    env:
      - name: A
        value: "1"
      - &b
        name: B
`;

function problems(text: string): string[] {
  return readManifest(text).problems.map(({ line, text: said }) => `${line + 1}: ${said}`);
}

describe("a manifest that a person wrote", () => {
  it("is read with the place of everything in it", () => {
    const { manifest, problems: none } = readManifest(`apiVersion: v1\nkind: ConfigMap\n---\n${JOB}---\n`);
    assert.deepEqual(none, []);
    assert.ok(manifest !== undefined);
    const { job, others, place } = manifest;
    assert.deepEqual(job.metadata, { name: "resnet", namespace: "alice" });
    assert.equal(others, 1);
    assert.deepEqual(place(["metadata", "name"]), { line: 6, from: 2, to: 6 });
    assert.equal(place(pathOf("spec.trainer.env[0].value")).line, 12);
    assert.equal(place(pathOf("spec.trainer.env[1].name")).line, 14);
    assert.equal(place(["spec", "Trainer"]).line, 9);
    // What is not there stands where it belongs.
    assert.deepEqual(place(["spec", "runtimeRef", "name"]), { line: 8, from: 0, to: 4 });
    assert.equal(place([]).line, 3);
  });

  it("says in its line what is no YAML, and what is not there", () => {
    assert.match(problems("kind: TrainJob\n  a: [1\nb: }\n").join(), /^\d: /);
    assert.deepEqual(problems(`${JOB}kind: TrainJob\n`), ["13: Map keys must be unique"]);
    assert.deepEqual(problems(JOB.replace("name: resnet", "generateName: x-")), [
      "4: It has a name of its own (metadata.name), so that it is launched once.",
    ]);
    const dropped = readManifest(
      JOB.replace("  name: resnet\n", "  name: resnet\n  finalizers: [a/b]\n  generateName: x-\n"),
    );
    assert.deepEqual(dropped.manifest?.job.metadata, { name: "resnet", namespace: "alice" });
    assert.deepEqual(
      dropped.problems.map(({ line, text, isWarning }) => `${line + 1} ${text} ${isWarning}`),
      [
        "5 finalizers is left out: a launch does not send it. true",
        "6 generateName is left out: a launch does not send it. true",
      ],
    );
    assert.match(problems(JOB.replace("resnet", "Res_net")).join(), /^4: A name has at most 63/);
    assert.match(problems(JOB.replace("alice", "a/b")).join(), /^5: This is not the name of a namespace/);
    assert.deepEqual(problems(JOB.replace("v1alpha1", "v2")), [
      "1: This kind is launched as trainer.kubeflow.org/v1alpha1.",
    ]);
    assert.deepEqual(problems(`${JOB}---\n${JOB}`), ["15: One is launched from a file, and this is its second."]);
    assert.deepEqual(readManifest("apiVersion: v1\nkind: Pod\n"), { problems: [] });
    assert.deepEqual(readManifest(""), { problems: [] });
    const bomb = [
      "a: &a [x, x]",
      ..."bcdefgh".split("").map((name, at) => `${name}: &${name} [${`*${"abcdefg"[at] ?? ""}, `.repeat(9)}]`),
    ];
    assert.match(problems(`${bomb.join("\n")}\nkind: TrainJob\n`).join(), /alias/i);
  });

  it("finds the fields that a refusal names, in its causes or in its words", () => {
    const fields = (...of: Parameters<typeof refusedFields>): string[] =>
      refusedFields(...of).map(({ path, text }) => `${path.join("/")}: ${text}`);
    assert.deepEqual(
      fields("TrainJob is invalid", [
        { field: "spec.trainer.numNodes", message: "must be an integer" },
        { field: "<nil>" },
      ]),
      ["spec/trainer/numNodes: spec.trainer.numNodes: must be an integer"],
    );
    assert.deepEqual(fields('strict decoding error: unknown field "spec.a", unknown field "spec.b[0].c"'), [
      'spec/a: unknown field "spec.a"',
      'spec/b/0/c: unknown field "spec.b[0].c"',
    ]);
    const hook = 'admission webhook "v" denied the request: ';
    assert.deepEqual(
      fields(`${hook}[spec.pytorchReplicaSpecs[Master].replicas: Required value: must be 1, spec.x: Invalid value: 3]`),
      [
        "spec/pytorchReplicaSpecs/Master/replicas: spec.pytorchReplicaSpecs[Master].replicas: Required value: must be 1",
        "spec/x: spec.x: Invalid value: 3",
      ],
    );
    assert.deepEqual(fields(`${hook}not today`), []);
  });
});
