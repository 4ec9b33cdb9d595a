import assert from "node:assert/strict";
import fc from "fast-check";
import { errorCode } from "../core/errors.ts";
import { isJobName, isNamespaceName } from "../kube/names.ts";
import { BUILT_IN_IMAGE, chooseImage, imageProblem } from "./images.ts";
import {
  assertSpec,
  describeSize,
  MAX_JOB_NAME,
  newLaunchId,
  outputText,
  parseCustomSize,
  placeText,
  readPlace,
  size,
  SIZES,
  suggestName,
} from "./spec.ts";
import { SPEC } from "./testing/launches.ts";

describe("sizes", () => {
  it("are described in words", () => {
    assert.equal(describeSize(size(1)), "1 node");
    assert.equal(describeSize(size(2)), "2 nodes");
    assert.equal(describeSize(size(1, 1)), "1 GPU");
    assert.equal(describeSize(size(1, 4)), "4 GPUs");
    assert.equal(describeSize(size(2, 1)), "2 nodes × 1 GPU");
    assert.equal(describeSize(size(2, 0, 2)), "2 nodes × 2 processes");
    assert.equal(describeSize(size(2, 4, 1)), "2 nodes × 4 GPUs × 1 process");
    assert.equal(new Set(SIZES.map(describeSize)).size, SIZES.length);
  });

  for (const [text, expected] of [
    ["4", size(4)],
    ["4x2", size(4, 2)],
    ["4 x 2", size(4, 2)],
    ["4 × 2", size(4, 2)],
    ["4*2", size(4, 2)],
    ["4 nodes 2 gpus", size(4, 2)],
    ["2 GPUs", size(1, 2)],
    ["1 node, 1 gpu", size(1, 1)],
    ["4 nodes x 2 GPUs", size(4, 2)],
    ["2 nodes 4 processes", size(2, 0, 4)],
    ["2x4 processes", size(2, 0, 4)],
    ["2 nodes × 4 GPUs × 1 process", size(2, 4, 1)],
    [" 8 gpus 2 nodes ", size(2, 8)],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseCustomSize(text), expected));
  }

  for (const text of [
    "",
    "x",
    "4x",
    "four",
    "4 apples",
    "2 nodes 3 nodes",
    "1x2x3x4",
    "0",
    "5000",
    "1x99",
    "-1",
    "1.5",
    "2 nodes 0 processes",
  ]) {
    it(`answers ${JSON.stringify(text)} with a sentence`, () => {
      const answer = parseCustomSize(text);
      assert.ok(typeof answer === "string");
      assert.match(answer, /^[A-Z].*\.$/);
    });
  }

  it("reads every description back, and never throws", () => {
    const sizes = fc.record({
      nodes: fc.integer({ min: 1, max: 1000 }),
      gpus: fc.integer({ min: 0, max: 16 }),
      processes: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(sizes, ({ nodes, gpus, processes }) => {
        const wanted = size(nodes, gpus, processes);
        assert.deepEqual(parseCustomSize(describeSize(wanted)), wanted);
      }),
    );
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => void parseCustomSize(text)));
  });
});

describe("names and images", () => {
  it("makes job names out of anything", () => {
    assert.equal(suggestName("src/train.py", "4f2a91bc77aa"), "train-4f2a");
    assert.equal(suggestName("2. Try (new).py", "4f2a91bc77aa"), "try-new-4f2a");
    fc.assert(
      fc.property(fc.string(), (script) => assert.ok(isJobName(suggestName(script, newLaunchId()), MAX_JOB_NAME))),
    );
  });

  it("takes the setting, then the last, then the built-in image", () => {
    assert.deepEqual(chooseImage({ workspaceSetting: " a/b:1 ", last: "c" }), { image: "a/b:1", from: "setting" });
    assert.deepEqual(chooseImage({ workspaceSetting: "", last: "c:2" }), { image: "c:2", from: "last" });
    assert.deepEqual(chooseImage({ last: "no good" }), { image: BUILT_IN_IMAGE.reference, from: "built-in" });
    assert.equal(chooseImage({ builtIn: "local/x:1" }).image, "local/x:1");
    assert.throws(
      () => chooseImage({ workspaceSetting: "no good" }),
      (error) => errorCode(error) === "bad-image",
    );
  });

  it("writes a place for results so that it is read again", () => {
    for (const text of ["pvc://results", "s3://bucket/folder/"]) assert.equal(placeText(readPlace(text)), text);
    assert.deepEqual(readPlace("pvc://results/"), { claim: "results" });
    assert.equal(outputText({ uri: "s3://bucket/folder//" }, "train"), "s3://bucket/folder/train");
  });

  it("knows what a namespace may be called", () => {
    for (const good of ["a", "0-a", "x".repeat(63)]) assert.ok(isNamespaceName(good), good);
    for (const bad of ["", "-a", "a-", "A", "a.b", "x".repeat(64), "a\n"]) assert.ok(!isNamespaceName(bad), bad);
  });

  it("accepts references and nothing else", () => {
    for (const good of ["python", "ghcr.io/a/b:v1", `localhost:5000/x@sha256:${"0".repeat(64)}`, "Registry/x:V1"])
      assert.equal(imageProblem(good), undefined);
    for (const bad of ["", "a b", "-v", "a\nb", "x".repeat(256), "$(x)", "Python:3", "ghcr.io/Me/b:v1"])
      assert.notEqual(imageProblem(bad), undefined);
  });

  it("refuses a spec that a cluster would", () => {
    assertSpec(SPEC);
    const odd = [
      { name: "Train" },
      { name: "x".repeat(53) },
      { nodes: 0 },
      { processesPerNode: 1.5 },
      { gpusPerNode: -1 },
      ...[{ nodes: 1001 }, { processesPerNode: 257 }, { gpusPerNode: 17 }],
      { cpu: "four" },
      { memory: "16 GB" },
      { owner: "a@b" },
      { image: "" },
      { id: "../../x" },
      { env: [{ name: "A=B", value: "" }] },
    ];
    for (const change of odd)
      assert.throws(
        () => assertSpec({ ...SPEC, ...change }),
        (error) => errorCode(error) === "bad-spec",
      );
  });
});
