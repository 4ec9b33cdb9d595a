import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import {
  type Configuration,
  ConfigurationSchema,
  fromChoice,
  kindOf,
  readConfiguration,
  toChoice,
} from "./configurations.ts";
import type { RunChoice } from "./desk.ts";
import { size } from "./spec.ts";

const base = { kind: "PyTorchJob", context: "team-a", namespace: "alice", image: "i:1" } as const;
const least = { name: "small", script: "train.py" };
const whole = {
  ...{
    name: "On two nodes",
    script: "src/train.py",
    kind: "TrainJob",
    runtime: { kind: "TrainingRuntime", name: "t" },
  },
  ...{ nodes: 2, processesPerNode: 4, gpusPerNode: 1, cpu: "500m", memory: "16Gi", image: "a/b:1", args: ["--x", ""] },
  env: { MODE: "fast" },
  secrets: { HF_TOKEN: { secret: "hf", key: "token" } },
  volumes: [{ claim: "data", path: "/data", readOnly: true }],
  ...{ dataset: "hf://a/b", model: "hf://c/d", nodeSelector: { gpu: "l4" } },
  tolerations: [{ key: "gpu", effect: "NoSchedule" }],
  ...{ serviceAccount: "trainer", queue: "team", priority: "high", timeLimitSeconds: 3600 },
  ...{ code: "folder", installRequirements: false, output: "pvc://results", context: "team-a", namespace: "alice" },
} satisfies Configuration;

describe("a named configuration", () => {
  it("is read with all that it may say", () => {
    assert.deepEqual(readConfiguration(whole), whole);
    assert.deepEqual(toChoice(whole, { ...base, context: "mine", namespace: "own", project: "/p" }), {
      ...{ kind: "TrainJob", runtime: { kind: "TrainingRuntime", name: "t" }, context: "mine", namespace: "own" },
      ...{ size: size(2, 1, 4), image: "a/b:1", args: ["--x", ""], cpu: "500m", memory: "16Gi", project: "/p" },
      env: [{ name: "MODE", value: "fast" }],
      needs: {
        secrets: [{ name: "HF_TOKEN", secret: "hf", key: "token" }],
        volumes: [{ claim: "data", path: "/data", readOnly: true }],
        ...{ dataset: "hf://a/b", model: "hf://c/d", nodeSelector: { gpu: "l4" } },
        tolerations: [{ key: "gpu", effect: "NoSchedule" }],
        ...{ serviceAccount: "trainer", queue: "team", priority: "high", timeLimit: 3600 },
      },
      ...{ code: "folder", installs: false, output: { claim: "results" } },
    });
  });

  it("that says little is a run with the defaults, not as the last one was", () => {
    assert.deepEqual(toChoice(least, base), { ...base, size: size(1), args: [] });
    assert.deepEqual(toChoice({ ...least, gpusPerNode: 2 }, base).size, size(1, 2));
    assert.equal(kindOf({ ...least, runtime: "torch-distributed" }), "TrainJob");
    assert.equal(kindOf(least), undefined);
  });

  it("that is wrong says where, and what is expected", () => {
    const said = (change: object): unknown => {
      const read = readConfiguration({ ...least, ...change });
      return "name" in read ? [] : read.map(({ text }) => text);
    };
    assert.deepEqual(said({ nodes: "2" }), ['nodes must be a whole number between 1 and 1000; it is "2".']);
    assert.deepEqual(said({ script: undefined }), ["script is missing."]);
    assert.deepEqual(said({ scrpt: "a.py" }), ["scrpt is not known here."]);
    assert.deepEqual(said({ env: { A: 1 } }), ["env.A must be a text in quotes; it is 1."]);
    assert.deepEqual(said({ kind: "TFJob" }), ['kind must be "PyTorchJob" or "TrainJob"; it is "TFJob".']);
    assert.match(String(said({ runtime: { name: "t" } })), /^runtime must be the name of a cluster’s runtime, or /);
    assert.deepEqual(said({ image: "a b" }), ["An image reference has no spaces."]);
    assert.deepEqual(said({ output: "results" }), ['"results" is not an address such as s3://bucket/folder.']);
    assert.deepEqual(said({ kind: "PyTorchJob", runtime: "t" }), ["Only a TrainJob has a runtime."]);
    assert.deepEqual(said({ kind: "TrainJob", retries: 2 }), ["A TrainJob takes this from its runtime."]);
    assert.deepEqual(said({ kind: "PyTorchJob", dataset: "hf://a/b" }), [
      "Only a TrainJob fetches data before it starts.",
    ]);
    assert.deepEqual(said({ retries: 2, dataset: "hf://a/b" }), [], "the cluster may have a kind that does it");
    assert.deepEqual(said({ volumes: [{ claim: "A", path: "/data" }] }), ['"A" is not the name of a volume claim.']);
    for (const odd of [null, 5, "x", []])
      assert.match(JSON.stringify(readConfiguration(odd)), /A configuration must be an object|name is missing/);
  });

  it("names no script outside its folder", () => {
    for (const script of [
      "/etc/a.py",
      "../a.py",
      "a/../../b.py",
      "a\n/../b.py",
      "c:/a.py",
      "a\\..\\b.py",
      "a.sh",
      "..py/..",
    ])
      assert.ok(!("name" in readConfiguration({ ...least, script })), script);
    for (const script of ["train.py", "Train.PY", "./a/b.py", "a..b/c.ipynb", "..a/train.py"])
      assert.ok("name" in readConfiguration({ ...least, script }), script);
  });

  it("is written with what differs from the defaults, without where it runs, and holds no secret", () => {
    const choice: RunChoice = {
      ...{ ...base, size: size(2, 1), args: [], code: "imports", installs: true, project: "/p" },
      env: [{ name: "MODE", value: "fast" }],
      needs: { volumes: [{ claim: "data", path: "/data", readOnly: false }] },
    };
    assert.deepEqual(fromChoice("two", "train.py", choice), {
      ...{ name: "two", script: "train.py", kind: "PyTorchJob", nodes: 2, gpusPerNode: 1, image: "i:1" },
      env: { MODE: "fast" },
      volumes: [{ claim: "data", path: "/data" }],
    });
    const why = (change: Partial<RunChoice>) => () => fromChoice("two", "train.py", { ...choice, ...change });
    const message =
      /not saved\. (?:HF_TOKEN|--hf-token) holds what looks like a secret, and the file is shared\. Keep it in a Secret/;
    for (const change of [{ env: [{ name: "HF_TOKEN", value: "hf_abc" }] }, { args: ["--hf-token", "hf_abc"] }])
      assert.throws(why(change), { code: "secret", message });
  });

  it("is the same run again once it was written and read", () => {
    const word = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
    const variable = fc.stringMatching(/^[A-Z]{1,8}_X$/);
    const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
    const seconds = fc.integer({ min: 1, max: 1e6 });
    const configuration = fc.record(
      {
        name: fc.constant("a name"),
        script: fc.constant("a/b.py"),
        kind: fc.constantFrom("PyTorchJob" as const, "TrainJob" as const),
        runtime: fc.oneof(
          word,
          fc.record({
            kind: fc.constantFrom("ClusterTrainingRuntime" as const, "TrainingRuntime" as const),
            name: word,
          }),
        ),
        nodes: fc.integer({ min: 1, max: 9 }),
        processesPerNode: fc.integer({ min: 1, max: 9 }),
        gpusPerNode: fc.integer({ min: 0, max: 9 }),
        cpu: fc.constantFrom("4", "500m"),
        memory: fc.constantFrom("16Gi", "1.5G"),
        image: fc.constantFrom("a/b:1", "c@sha256:0"),
        args: fc.array(fc.string({ unit: "grapheme" })),
        env: fc.dictionary(variable, fc.constantFrom("", "a b", '"', "é\n\t\\")),
        secrets: fc.dictionary(fc.constantFrom("A", "B"), fc.record({ secret: word, key: word })),
        volumes: fc.array(
          fc.record(
            { claim: word, path: word.map((at) => `/mnt/${at}`), readOnly: fc.boolean() },
            { requiredKeys: ["claim", "path"] },
          ),
          { maxLength: 1 },
        ),
        ...{ dataset: fc.constant("hf://a/b"), model: fc.constant("s3://c") },
        nodeSelector: fc.dictionary(word, word),
        tolerations: fc.array(
          fc.record(
            { key: word, value: word, effect: fc.constantFrom("NoExecute" as const) },
            { requiredKeys: ["key"] },
          ),
        ),
        ...{ serviceAccount: word, queue: word, priority: word, timeLimitSeconds: seconds },
        ...{ retries: fc.integer({ min: 1, max: 9 }), keepForSeconds: seconds },
        code: fc.constantFrom("imports" as const, "folder" as const),
        installRequirements: fc.boolean(),
        output: fc.constantFrom("pvc://results", "s3://bucket/folder"),
      },
      { requiredKeys: ["name", "script", "kind"] },
    );
    fc.assert(
      fc.property(configuration, maybe(word), (made, project) => {
        const written = JSON.parse(JSON.stringify(made)) as typeof made;
        const choice = toChoice(written, { ...base, ...(project === undefined ? {} : { project }) });
        const saved = fromChoice(written.name, written.script, choice);
        const again = toChoice(JSON.parse(JSON.stringify(saved)) as Configuration, { ...choice, image: "" });
        assert.deepEqual(plain(again), plain(choice));
        const read = readConfiguration(saved);
        // What is wrong with it was wrong before: in what it means, not in its shape.
        if (!("name" in read)) assert.ok(!("name" in readConfiguration(written)));
        else assert.deepEqual(read, saved);
      }),
    );
  });
});

/** With what stands for the defaults. */
function plain({ code, installs, ...choice }: RunChoice): unknown {
  return { ...choice, code: code ?? "imports", installs: installs ?? true };
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly description?: string;
}

/** The part of JSON Schema that the file uses. */
function fits(schema: JsonSchema, value: unknown): boolean {
  const { type, properties = {}, required = [], additionalProperties = true, items, anyOf } = schema;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (anyOf !== undefined && !anyOf.some((one) => fits(one, value))) return false;
  switch (type) {
    case "string":
      return (
        typeof value === "string" &&
        value.length >= (schema.minLength ?? 0) &&
        new RegExp(schema.pattern ?? "", "u").test(value)
      );
    case "integer":
      return (
        Number.isInteger(value) &&
        Number(value) >= (schema.minimum ?? -Infinity) &&
        Number(value) <= (schema.maximum ?? Infinity)
      );
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return Array.isArray(value) && value.every((item) => items === undefined || fits(items, item));
    case "object":
      return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        required.every((name) => name in value) &&
        Object.entries(value).every(([name, of]) => {
          const rule = properties[name] ?? additionalProperties;
          return typeof rule === "boolean" ? rule : fits(rule, of);
        })
      );
    default:
      return true;
  }
}

describe("media/trainyard.schema.json", () => {
  const file = path.join(import.meta.dirname, "..", "..", "media", "trainyard.schema.json");
  const { properties } = JSON.parse(fs.readFileSync(file, "utf8")) as JsonSchema;
  const schema = properties?.["configurations"]?.items ?? {};

  it("names the same fields as what reads the file, and the same that must be there, each with a description", () => {
    const { entries } = ConfigurationSchema;
    assert.deepEqual(Object.keys(schema.properties ?? {}), Object.keys(entries));
    const needed = Object.entries(entries).filter(([, entry]) => entry.type !== "exact_optional");
    assert.deepEqual(
      schema.required,
      needed.map(([name]) => name),
    );
    for (const [name, { description = "" }] of Object.entries(schema.properties ?? {}))
      assert.match(description, /^[A-Z].*\.$/, name);
  });

  it("takes and refuses what the reader takes and refuses", () => {
    const takes = [
      least,
      whole,
      { ...whole, runtime: "torch", kind: "TrainJob" },
      { ...least, tolerations: [{}] },
      { ...least, script: "Train.PY" },
    ];
    // Each field in turn with what it must not be.
    const odd = [
      null,
      "",
      -1,
      1.5,
      0,
      16,
      17,
      256,
      257,
      1000,
      1001,
      true,
      ["x", 1],
      [{ claim: "a" }],
      { A: 1 },
      { kind: "x", name: "y" },
      "../a.py",
    ];
    const changed = Object.keys(ConfigurationSchema.entries).flatMap((field) =>
      odd.map((value) => ({ ...least, [field]: value })),
    );
    let refused = 0;
    for (const example of [...takes, ...changed, { ...least, more: 1 }, { name: "x" }, [], 5]) {
      const read = readConfiguration(example);
      // What a right shape means is for the reader alone.
      const isShaped = "name" in read || read.every(({ text }) => !/ must be | is missing| is not known/.test(text));
      assert.equal(fits(schema, example), isShaped, JSON.stringify(example));
      if (!isShaped) refused++;
    }
    assert.ok(refused > 200, String(refused));
  });
});
