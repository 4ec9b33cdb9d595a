import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import {
  type CompiledFile,
  contentHash,
  createCompiler,
  isCompileError,
  type PipelineCompiler,
  type PipelineTask,
  specOf,
} from "../../src/pipelines/index.ts";
import { folderWith, kfpPython } from "./support.ts";

const GRAPHS = path.join(import.meta.dirname, "graphs.py");
const never = new AbortController().signal;

/** As `dsl-compile` would: a fresh Python, the SDK's own compiler. */
const FRESH = `import importlib, os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
sys.dont_write_bytecode = True
from kfp import compiler
module = importlib.import_module(os.path.basename(sys.argv[1])[:-3])
compiler.Compiler().compile(getattr(module, sys.argv[2]), sys.argv[3])
`;

async function freshly(python: string, file: string, name: string): Promise<{ text: string; tookMs: number }> {
  const into = path.join(folderWith("fresh", { "x.txt": "" }), "pipeline.yaml");
  const begun = performance.now();
  await promisify(execFile)(python, ["-c", FRESH, file, name, into]);
  return { tookMs: performance.now() - begun, text: fs.readFileSync(into, "utf8") };
}

for (const which of ["newest", "older"] as const) {
  describe(`compiling with the real SDK, the ${which} one`, () => {
    let compiler: PipelineCompiler;
    let compiled: CompiledFile;

    before(async () => {
      const pythonPlace = () => Promise.resolve({ chosen: kfpPython(which) });
      compiler = createCompiler({ env: process.env, log: silentLogger, clock: systemClock, pythonPlace });
      compiled = await compiler.compile(GRAPHS, never);
    });
    after(() => compiler.dispose());

    it("has its inputs in the order of the signature", () => {
      const inputs = compiled.pipelines.map(({ document }) => specOf(document).inputs.map(({ name }) => name));
      assert.deepEqual(inputs[0], ["rows", "quick", "items"]);
    });

    it("gives what the SDK itself writes", async () => {
      assert.match(compiled.sdk, which === "newest" ? /^2\.17\./ : /^2\.4\./);
      assert.deepEqual(
        compiled.pipelines.map(({ name }) => name),
        ["everything", "inner"],
      );
      for (const { name, document } of compiled.pipelines)
        assert.equal(contentHash(document), contentHash((await freshly(kfpPython(which), GRAPHS, name)).text));
    });

    it("knows where every task and group is made", () => {
      const [pipeline] = compiled.pipelines;
      assert.ok(pipeline);
      const lines = fs.readFileSync(GRAPHS, "utf8").split("\n");
      const all = (tasks: readonly PipelineTask[]): readonly PipelineTask[] =>
        tasks.flatMap((task) => [task, ...all(task.children)]);
      const made = Object.fromEntries(
        all(specOf(pipeline.document).tasks).map(({ path: task }) => {
          const place = pipeline.places.get(task);
          assert.equal(place?.file, GRAPHS, task);
          return [task, lines[place.line]?.trim()];
        }),
      );
      assert.equal(made["notify"], 'with dsl.ExitHandler(notify(to="me"), name="say-bye"):');
      assert.equal(made["exit-handler-1/inner/prepare"], "made = prepare(rows=rows)");
      assert.equal(made["exit-handler-1/train"], 'second = train(data=first.outputs["data"], rate=0.1)');
      const groups = Object.entries(made).flatMap(([task, line]) => (/-\d+$/.test(task) ? [line] : []));
      for (const line of ["with dsl.Else():", "with dsl.ParallelFor(items, parallelism=2) as item:"])
        assert.ok(groups.includes(line), `${line} in ${groups.join()}`);
    });

    it("tells what the SDK objects to at the line that a person can change", async () => {
      const source = fs.readFileSync(GRAPHS, "utf8");
      const folder = folderWith("wrong", {
        "missing.py": source.replace("train(data=got.output, rate=0.1)", "train(data=got.output)"),
        "type.py": source.replace("prepare(rows=rows)\n        second", 'prepare(rows="many")\n        second'),
        "annotation.py": source.replace("def score(item: str)", "def score(item)"),
      });
      const failure = async (name: string): Promise<readonly [string, string]> => {
        const file = path.join(folder, name);
        try {
          await compiler.compile(file, never);
        } catch (error) {
          if (!isCompileError(error)) throw error;
          assert.equal(error.place.file, file);
          return [error.why, fs.readFileSync(file, "utf8").split("\n")[error.place.line]?.trim() ?? ""];
        }
        throw new Error(`${name} was compiled`);
      };
      const [missing, call] = await failure("missing.py");
      assert.match(missing, /missing 1 required argument: rate/);
      assert.equal(call, "train(data=got.output)");
      assert.equal((await failure("type.py"))[1], 'first = prepare(rows="many")');
      const [annotation, definition] = await failure("annotation.py");
      assert.match(annotation, /annotation/);
      assert.match(definition, /dsl\.component|def score/);
    });

    it("takes less time, once warm, than the SDK alone", async () => {
      const { tookMs } = await freshly(kfpPython(which), GRAPHS, "everything");
      const begun = performance.now();
      await compiler.compile(GRAPHS, never);
      const oursMs = performance.now() - begun;
      console.log(`      ours ${oursMs.toFixed(0)} ms, a fresh one ${tookMs.toFixed(0)} ms`);
      assert.ok(oursMs < tookMs);
    });
  });
}

describe("compiling with the SDK's part for Kubernetes", () => {
  it("gives what only Kubernetes knows, too", async () => {
    const folder = folderWith("kubernetes", {
      "pipeline.py": `from kfp import dsl, kubernetes


@dsl.component(base_image="python:3.11")
def work(text: str) -> str:
    return text


@dsl.pipeline
def secret(text: str = "hi"):
    kubernetes.use_secret_as_env(work(text=text), secret_name="s", secret_key_to_env={"k": "E"})
`,
    });
    const file = path.join(folder, "pipeline.py");
    const pythonPlace = () => Promise.resolve({ chosen: kfpPython() });
    const compiler = createCompiler({ env: process.env, log: silentLogger, clock: systemClock, pythonPlace });
    try {
      const [pipeline] = (await compiler.compile(file, never)).pipelines;
      assert.ok(pipeline && "platforms" in pipeline.document.platform);
      const { text } = await freshly(kfpPython(), file, "secret");
      assert.equal(contentHash(pipeline.document), contentHash(text));
    } finally {
      compiler.dispose();
    }
  });
});
