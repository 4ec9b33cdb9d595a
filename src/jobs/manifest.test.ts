import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { stringify } from "yaml";
import { ownerLabel } from "./labels.ts";
import { buildCodeConfigMap, buildPyTorchJob, literal } from "./manifest.ts";
import type { Snapshot } from "./snapshot.ts";
import { size, type LaunchSpec } from "./spec.ts";
import { SNAPSHOT, SPEC } from "./testing/launches.ts";

const GOLDEN = join(process.cwd(), "test", "golden");
const VERSION = "0.1.0";
const UNCOMMITTED: LaunchSpec = { ...SPEC, env: [] };
const PLAIN: LaunchSpec = { ...UNCOMMITTED, git: { commit: "a".repeat(40), dirty: true } };

/** Compares with test/golden/<name>.yaml; UPDATE_GOLDEN=1 writes it. */
function assertGolden(name: string, value: unknown): void {
  const file = join(GOLDEN, `${name}.yaml`);
  const text = stringify(value, { aliasDuplicateObjects: false });
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, "utf8"));
}

/** What the kubelet does with command, args and env values (kubernetes third_party/forked/golang/expansion). */
function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, second: string, name: string | undefined) =>
    second === "$" ? "$" : (variables[name ?? ""] ?? whole),
  );
}

describe("manifests", () => {
  it("one node", () => {
    assertGolden("pytorchjob-one-node", buildPyTorchJob({ ...PLAIN, ...size(1) }, SNAPSHOT, VERSION));
  });

  it("two nodes with a GPU each, amounts, arguments and variables", () => {
    const spec: LaunchSpec = {
      ...PLAIN,
      ...size(2, 1),
      cpu: "4",
      memory: "16Gi",
      args: ["--epochs", "3", "--note", "a b $(HOME) `x`"],
      env: [{ name: "GREETING", value: "costs $5" }],
    };
    assertGolden("pytorchjob-two-gpus", buildPyTorchJob(spec, SNAPSHOT, VERSION));
  });

  it("four processes on one node", () => {
    assertGolden("pytorchjob-processes", buildPyTorchJob({ ...UNCOMMITTED, ...size(1, 0, 4) }, SNAPSHOT, VERSION));
  });

  it("a script in a sub-folder, with a name like an option", () => {
    const snapshot: Snapshot = {
      ...SNAPSHOT,
      script: "tools/-x.py",
      files: [{ path: "tools/-x.py", key: "f0001--x.py", bytes: 1, content: "1", encoding: "utf8" }],
    };
    assertGolden("pytorchjob-subfolder", buildPyTorchJob({ ...PLAIN, ...size(1) }, snapshot, VERSION));
  });

  it("the code, with its owner", () => {
    const snapshot: Snapshot = {
      ...SNAPSHOT,
      files: [
        ...SNAPSHOT.files,
        { path: "odd.py", key: "f0003-odd.py", bytes: 2, content: "/w==", encoding: "base64" },
      ],
    };
    assertGolden("configmap-code", buildCodeConfigMap(PLAIN, snapshot, VERSION, { name: SPEC.name, uid: "uid-1" }));
  });

  it("has no binaryData and no owner where there is none", () => {
    const code = buildCodeConfigMap(PLAIN, SNAPSHOT, VERSION);
    assert.equal("binaryData" in code, false);
    assert.equal(code.metadata.ownerReferences, undefined);
  });

  it("delivers any argument as it was typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("$", "(", ")", "A", " ", "'", "\\") }), (text) => {
        assert.equal(expand(literal(text), { A: "expanded" }), text);
      }),
    );
  });

  it("gives an owner label that is one, and the same each time", () => {
    assert.match(ownerLabel("ada@example.org"), /^[0-9a-f]{16}$/);
    assert.equal(ownerLabel("x"), ownerLabel("x"));
  });
});
