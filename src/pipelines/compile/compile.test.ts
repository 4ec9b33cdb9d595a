import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { skipBecause } from "../../../test/rings/skip.ts";
import { systemClock } from "../../core/clock.ts";
import { isCancelled, isUserError } from "../../core/errors.ts";
import { isCompileError, PipelineCompiler } from "./compiler.ts";
import { PythonEnvironment } from "./python.ts";

/** As much of a kfp as the program touches: a stand-in, since unit tests install nothing. */
const KFP: Readonly<Record<string, string>> = {
  "kfp/__init__.py": '__version__ = "2.9.0"\n',
  "kfp/compiler.py": "",
  "kfp/dsl/__init__.py": `from .graph_component import GraphComponent
from .base_component import BaseComponent as component
from .tasks_group import TasksGroup as group


def pipeline(function):
    return GraphComponent(function)
`,
  "kfp/dsl/base_component.py": `class Task:
    def __init__(self, name):
        self.name = name


class Spec:
    pass


tasks = []


class BaseComponent:
    def __init__(self, name):
        self.name, self.component_spec = name, Spec()

    def __call__(self, **inputs):
        if inputs:
            raise TypeError(self.name + "() got an unexpected keyword argument")
        tasks.append(self.name)
        return Task(self.name)
`,
  "kfp/dsl/tasks_group.py": `class TasksGroup:
    def __init__(self, name):
        self.name = name
`,
  "kfp/dsl/graph_component.py": `from . import base_component


class GraphComponent(base_component.BaseComponent):
    def __init__(self, function):
        super().__init__(function.__name__)
        self.pipeline_func = function
        base_component.tasks.clear()
        function()
        named = {name: {"componentRef": {"name": "comp-" + name}} for name in base_component.tasks}
        self.pipeline_spec = {"pipelineInfo": {"name": self.name}, "root": {"dag": {"tasks": named}}}
        self.platform_spec = {}
`,
  "google/protobuf/json_format.py": "def MessageToDict(message):\n    return message\n",
};

const PIPELINE = `import os
from kfp import dsl

a = dsl.component("a")


def both():
    a()
    return dsl.component("b")()


@dsl.pipeline
def inner():
    a()


@dsl.pipeline
def first():
    both()
    inner()


print("a word of its own")
`;

describe("compiling a pipeline", () => {
  let folder: string;
  let python: string;
  let compiler: PipelineCompiler;
  const held: PipelineCompiler[] = [];
  const never = new AbortController().signal;

  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  };

  /** A compiler whose Python finds this beside the standard library. */
  const made = (packages: string, limitMs?: number, pythons?: readonly string[]): PipelineCompiler => {
    const env = { ...process.env, PYTHONPATH: packages };
    const { platform } = process;
    const loginPath = { get: () => Promise.resolve(undefined) };
    const environment = new PythonEnvironment({ placeOf: () => Promise.resolve({}), env, platform, loginPath });
    if (pythons !== undefined) environment.candidates = () => Promise.resolve(pythons);
    const options = { python: environment, env, platform, clock: systemClock };
    const one = new PipelineCompiler({ ...options, ...(limitMs === undefined ? {} : { limitMs }) });
    held.push(one);
    return one;
  };

  const failure = async (work: Promise<unknown>): Promise<Error> => {
    try {
      await work;
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error("it did not fail");
  };

  before(function () {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-compile-")));
    for (const [name, text] of Object.entries(KFP)) write(path.join("packages", name), text);
    try {
      python = execFileSync("python3", ["-S", "-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
    } catch {
      skipBecause(this, "python3 is not on the PATH");
    }
    compiler = made(path.join(folder, "packages"));
  });

  after(() => {
    for (const one of held) one.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it("gives every pipeline, those that others are made of last, with the line of each task", async () => {
    const file = write("pipeline.py", PIPELINE);
    const { sdk, pipelines } = await compiler.compile(file, never);
    assert.equal(sdk, "2.9.0");
    assert.deepEqual(
      pipelines.map(({ name, place, document, places }) => [
        name,
        place.line + 1,
        document.pipeline["pipelineInfo"],
        [...places].map(([task, { line }]) => `${task} ${line + 1}`),
      ]),
      [
        ["first", 17, { name: "first" }, ["a 8", "b 9", "inner 20"]],
        ["inner", 12, { name: "inner" }, ["a 14"]],
      ],
    );
  });

  it("takes the file as it is each time, and what it imports, and leaves nothing beside it", async () => {
    const file = write(
      "twice.py",
      "from helper import NAME\nfrom kfp import dsl\n\n@dsl.pipeline\ndef one():\n    dsl.component(NAME)()\n",
    );
    for (const name of ["before", "after"]) {
      write("helper.py", `NAME = "${name}"\n`);
      const { pipelines } = await compiler.compile(file, never);
      assert.deepEqual([...(pipelines[0]?.places.keys() ?? [])], [name]);
    }
    assert.ok(!fs.existsSync(path.join(folder, "__pycache__")));
  });

  it("tells an error at the innermost place that the person has written", async () => {
    const cases: readonly (readonly [text: string, why: RegExp, line: number])[] = [
      ["def x(:\n", /SyntaxError/, 1],
      ["import nothing_of_that_name\n", /No module named 'nothing_of_that_name'/, 1],
      [
        `${PIPELINE}\n@dsl.pipeline\ndef wrong():\n    a(\n        b=1,\n    )\n`,
        /a\(\) got an unexpected keyword/,
        27,
      ],
      ["\nimport sys\nsys.exit(3)\n", /ended Python/, 3],
      ["import helper_that_is_broken\n", /SyntaxError/, 2],
    ];
    write("helper_that_is_broken.py", "\n)\n");
    for (const [text, why, line] of cases) {
      const file = write("wrong.py", text);
      const error = await failure(compiler.compile(file, never));
      assert.ok(isCompileError(error), String(error));
      assert.match(error.message, why);
      const expected = text.includes("broken") ? path.join(folder, "helper_that_is_broken.py") : file;
      assert.deepEqual([error.place.file, error.place.line + 1], [expected, line]);
    }
  });

  it("says so of a file without a pipeline, and of one that ends Python itself", async () => {
    const none = await failure(compiler.compile(write("none.py", "x = 1\n"), never));
    assert.ok(isUserError(none) && none.code === "pipeline-none");
    const died = await failure(compiler.compile(write("died.py", "import os\nos.abort()\n"), never));
    assert.ok(isUserError(died) && died.code === "compile-died");
    // And it goes on.
    assert.equal((await compiler.compile(path.join(folder, "pipeline.py"), never)).pipelines.length, 2);
  });

  it("ends a file that runs for ever, and one that nobody waits for", async () => {
    const file = write(
      "ever.py",
      "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: pass'])\n",
    );
    const late = await failure(made(path.join(folder, "packages"), 1_000).compile(file, never));
    assert.ok(isUserError(late) && late.code === "compile-time");
    assert.match(late.message, /after 1 s/);
    const cancel = new AbortController();
    const cancelled = failure(compiler.compile(file, cancel.signal));
    const next = compiler.compile(path.join(folder, "pipeline.py"), never);
    cancel.abort();
    assert.ok(isCancelled(await cancelled));
    assert.equal((await next).pipelines.length, 2);
  });

  it("says that the SDK takes long where that is what does", async () => {
    write("slow/kfp/__init__.py", "while True: pass\n");
    const late = await failure(
      made(path.join(folder, "slow"), 1_000, [python]).compile(path.join(folder, "pipeline.py"), never),
    );
    assert.ok(isUserError(late) && late.code === "compile-time");
    assert.match(late.message, /was still importing the Kubeflow Pipelines SDK after 1 s, and was ended\. Try again/);
  });

  it("says what is missing of the SDK, with the exact command", async () => {
    const file = path.join(folder, "pipeline.py");
    const missing = await failure(made(path.join(folder, "empty"), undefined, [python]).compile(file, never));
    assert.ok(isUserError(missing) && missing.code === "sdk-missing", String(missing));
    assert.ok(missing.message.includes(python));
    const [terminal, copy] = missing.next;
    assert.deepEqual([terminal?.title, copy?.title], ["Install in Terminal", "Copy pip Command"]);
    assert.ok(JSON.stringify(copy?.args).includes('"install","kfp>=2"'));
    write("old/kfp/__init__.py", '__version__ = "1.8.22"\n');
    write("old/kfp/compiler.py", "");
    write("old/kfp/dsl.py", "");
    const old = await failure(made(path.join(folder, "old"), undefined, [python]).compile(file, never));
    assert.ok(isUserError(old) && old.code === "sdk-old");
    assert.match(old.message, /version 1\.8\.22/);
    write("broken/kfp/__init__.py", "import nothing_of_that_name\n");
    const broken = await failure(made(path.join(folder, "broken"), undefined, [python]).compile(file, never));
    assert.ok(isUserError(broken) && broken.code === "sdk-broken");
  });

  it("goes on to the next of the person's interpreters that has one", async () => {
    // A program that is no Python, and one that is not there.
    const own = made(path.join(folder, "packages"), undefined, [path.join(folder, "gone"), "/bin/true", python]);
    assert.equal((await own.compile(path.join(folder, "pipeline.py"), never)).python, python);
    const error = await failure(made("", undefined, []).compile(path.join(folder, "pipeline.py"), never));
    assert.ok(isUserError(error) || isCancelled(error));
  });
});

describe("the person's Python", () => {
  it("is the chosen one, else the environment beside the file or above it, else the one on the PATH", async () => {
    const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-python-")));
    const make = (...parts: readonly string[]): string => {
      const file = path.join(root, ...parts);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, "#!/bin/sh\n", { mode: 0o755 });
      return file;
    };
    try {
      const [chosen, above, beside, onPath] = [
        make("chosen", "python"),
        make("project", ".venv", "bin", "python"),
        make("project", "sub", "venv", "bin", "python"),
        make("bin", "python3"),
      ];
      const found = (place: object, env = { PATH: path.dirname(onPath) }): Promise<readonly string[]> =>
        new PythonEnvironment({
          ...{ placeOf: () => Promise.resolve(place), env, platform: "linux" },
          loginPath: { get: () => Promise.resolve(path.dirname(onPath)) },
        }).candidates(path.join(root, "project", "sub", "pipeline.py"));
      const project = path.join(root, "project");
      assert.deepEqual(await found({ chosen, root: project }), [chosen, beside, above, onPath]);
      // Not above the folder that is open.
      assert.deepEqual(await found({ chosen: path.join(root, "gone") }), [beside, onPath]);
      fs.rmSync(path.join(project, "sub", "venv"), { recursive: true });
      assert.deepEqual(await found({}, { PATH: "" }), [onPath]);
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  });
});
