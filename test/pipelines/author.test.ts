import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { quote } from "../../src/pipelines/author/python.ts";
import { ODD } from "./oddScripts.ts";
import { author, compile, type Compiled, folderWith, python, runStep } from "./support.ts";

const HOUSING = path.join(import.meta.dirname, "housing");
const STEPS = ["preprocess", "train", "test", "deploy"];

describe("a pipeline made of scripts, with the real SDK", () => {
  it("compiles, and its steps run by hand as the compiled commands say, to a metric", async () => {
    const folder = folderWith("housing", {});
    cpSync(HOUSING, folder, { recursive: true });
    await author(folder, ["deploy.py", "preprocess.py", "test.py", "train.py"]);
    const [compiled] = await compile(folder);
    assert.ok(compiled !== undefined);
    assert.deepEqual(needs(compiled), {
      preprocess: [],
      train: ["preprocess"],
      test: ["preprocess", "train"],
      deploy: ["test", "train"],
    });
    const artifacts = path.join(path.dirname(folder), "artifacts");
    let said = "";
    for (const step of STEPS) said = (await runStep(folder, artifacts, compiled, step)).stdout;
    const metrics = JSON.parse(readFileSync(path.join(artifacts, "test", "metrics"), "utf8")) as { r2: number };
    assert.ok(metrics.r2 > 0.9 && metrics.r2 < 1, `r2 is ${metrics.r2}`);
    assert.equal(Number(readFileSync(path.join(artifacts, "test", "result"), "utf8")), metrics.r2);
    assert.equal(said.trim(), "deploying Pipeline");
  });

  it("runs scripts that name their files themselves", async () => {
    const folder = folderWith("named", {
      "make.py": `import json\nrows = json.load(open("rows.json"))\nopen("table.csv", "w").write("x\\n" + "1\\n" * rows["n"])\n`,
      "count.py": `with open("table.csv") as f:\n    count = len(f.readlines())\nopen("out/report.html", "w").write(str(count))\n`,
      "rows.json": `{"n": 3}`,
    });
    await author(folder, ["count.py", "make.py"]);
    const [compiled] = await compile(folder);
    assert.ok(compiled !== undefined);
    assert.deepEqual(needs(compiled), { make: [], count: ["make"] });
    assert.match(
      readFileSync(path.join(folder, "components/make/Dockerfile"), "utf8"),
      /^COPY make\.py rows\.json \.\/$/m,
    );
    const artifacts = path.join(path.dirname(folder), "artifacts");
    await runStep(folder, artifacts, compiled, "make");
    assert.equal(readFileSync(path.join(artifacts, "make", "table"), "utf8"), "x\n1\n1\n1\n");
    assert.ok(existsSync(path.join(folder, "table.csv")));
    await assert.rejects(
      runStep(folder, artifacts, compiled, "count"),
      /No such file or directory: 'out\/report\.html'/,
    );
  });

  it("has texts in it that Python reads as they were", async () => {
    const texts = fc.sample(fc.string({ unit: "binary" }), 500);
    const folder = folderWith("texts", { "texts.json": JSON.stringify(texts.map((text) => [text, quote(text)])) });
    const check = `import ast, json
for text, quoted in json.load(open("texts.json")):
    assert ast.literal_eval(quoted) == text, quoted
`;
    await python(folder, ["-c", check]);
  });

  describe("odd scripts", () => {
    const made: { name: string; folder: string; compiled: Compiled }[] = [];

    before(async function () {
      this.timeout(120_000);
      const folders = Object.entries(ODD).map(([name, files]) => ({ name, folder: folderWith("odd ones", files) }));
      for (const { name, folder } of folders)
        await author(
          folder,
          Object.keys(ODD[name] ?? {}).filter((file) => file.endsWith(".py") && !file.includes("lib")),
        );
      const all = await compile(...folders.map(({ folder }) => folder));
      all.forEach((compiled, at) => made.push({ name: "", folder: "", ...folders[at], compiled }));
    });

    it("make pipelines that compile and that black leaves alone", async () => {
      assert.equal(made.length, Object.keys(ODD).length);
      const files = made.flatMap(({ folder }) => [path.join(folder, "pipeline.py"), path.join(folder, "components")]);
      const { stdout } = await python(HOUSING, ["-m", "black", "--diff", "--quiet", ...files]);
      assert.equal(stdout, "");
    });

    it("are given what they take by themselves where the pipeline’s defaults stay", async () => {
      let compared = 0;
      for (const { name, folder, compiled } of made.filter((each) => each.name.startsWith("says")))
        for (const task of Object.keys(compiled.root.dag.tasks)) {
          const alone = await python(folder, [`${task}.py`]);
          const { stdout } = await runStep(folder, path.join(path.dirname(folder), "artifacts"), compiled, task);
          assert.deepEqual(given(stdout), given(alone.stdout), `${name}: ${task}`);
          compared++;
        }
      assert.ok(compared >= 4);
    });
  });
});

/** JSON as Python writes it. */
function given(text: string): unknown {
  return JSON.parse(text.replaceAll("Infinity", "1e999"));
}

/** Of each task, those that it waits for. */
function needs({ root }: Compiled): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(root.dag.tasks).map(([id, task]) => [id, [...(task.dependentTasks ?? [])].sort()]),
  );
}
