import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { skipBecause } from "../../../test/rings/skip.ts";
import { isUserError } from "../../core/errors.ts";
import { findCommand } from "../../kube/execCommand.ts";
import { draftPipeline, type PipelineDraft, pipelineFolder } from "./author.ts";
import type { Step } from "./plan.ts";
import { componentsOf } from "../images/components.ts";
import { contentTag } from "../images/content.ts";
import { PythonEnvironment } from "../compile/python.ts";

const { env, platform } = process;
const python = await findCommand("python3", "", { env, platform });

function argparse(...flags: readonly string[]): string {
  const adds = flags.map((flag) => `p.add_argument(${flag})`);
  return ["import argparse", "p = argparse.ArgumentParser()", ...adds, "args = p.parse_args()", ""].join("\n");
}

describe("a pipeline of scripts", () => {
  let folder: string;

  before(function () {
    if (python === undefined) skipBecause(this, "python3 is not on the PATH");
  });
  beforeEach(() => {
    folder = path.join(realpathSync(mkdtempSync(path.join(tmpdir(), "trainyard-author-"))), "01 My Häuser");
  });
  afterEach(() => rmSync(path.dirname(folder), { recursive: true, force: true }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
  }

  function draft(files: Readonly<Record<string, string>>, only = /\.py$/): Promise<PipelineDraft> {
    write(files);
    const placeOf = (): Promise<{ chosen: string | undefined }> => Promise.resolve({ chosen: python });
    const loginPath = { get: () => Promise.resolve(undefined) };
    const scripts = Object.keys(files).filter((file) => only.test(file));
    return draftPipeline(
      new PythonEnvironment({ placeOf, env, platform, loginPath }),
      scripts.map((file) => path.join(folder, file)),
      folder,
      new AbortController().signal,
    );
  }

  const roles = ({ parts }: Step): Readonly<Record<string, string>> =>
    Object.fromEntries(
      parts.map(({ key, name, role }) => {
        if (role.kind === "input") return [key, `${name} < ${role.from}.${role.output}`];
        if (role.kind === "output") return [key, `${name} > ${role.type}`];
        return [key, role.kind === "parameter" ? `${role.input}: ${role.type}` : role.kind];
      }),
    );
  const shown = ({ plan }: PipelineDraft): Readonly<Record<string, Readonly<Record<string, string>>>> =>
    Object.fromEntries(plan.steps.map((step) => [step.id, roles(step)]));
  const text = async (made: PipelineDraft, file: string): Promise<string> => {
    const found = (await made.files()).find((each) => each.path === file);
    assert.ok(found !== undefined, `there is no ${file}`);
    return found.text;
  };

  it("meets outputs and inputs by name, in the order that they make", async () => {
    const made = await draft({
      "a_score.py": argparse(`"--model-path"`, `"--test-data"`, `"--metrics-out"`) + `open(args.model_path)\n`,
      "deploy.py": argparse(`"--trained-model", type=str`) + `import joblib\njoblib.load(args.trained_model)\n`,
      "prepare.py":
        argparse(`"--url", default="https://example.com/a.csv"`, `"--output-train-data"`, `"--test_data"`) +
        `import pandas as pd\ndf = pd.read_csv(args.url)\ndf.to_csv(args.output_train_data)\ndf.to_csv(args.test_data)\n`,
      "train.py":
        argparse(`"--train-dataset"`, `"--lr", type=float, default=0.1`, `"--model-name", default="m"`, `"--model"`) +
        `import torch\ntorch.save({"lr": args.lr}, args.model)\n`,
    });
    assert.deepEqual(shown(made), {
      prepare: { url: "url: str", output_train_data: "train_data > Dataset", test_data: "test_data > Dataset" },
      train: {
        train_dataset: "train_dataset < prepare.train_data",
        lr: "lr: float",
        model_name: "model_name: str",
        model: "model > Model",
      },
      a_score: {
        model_path: "model < train.model",
        test_data: "test_data < prepare.test_data",
        metrics_out: "metrics > Metrics",
      },
      deploy: { trained_model: "model < train.model" },
    });
    assert.deepEqual(made.plan.steps.at(-1)?.after, ["a_score"]);
    assert.equal(made.plan.name, "my-hauser");
  });

  it("calls an output that a parameter has the short name of by its whole name", async () => {
    const text = argparse(`"--model", choices=["a", "b"], default="a"`, `"--model-path", default="model.joblib"`);
    const made = await draft({ "train.py": `${text}import joblib\njoblib.dump(args.model, args.model_path)\n` });
    assert.deepEqual(shown(made), { train: { model: "model: str", model_path: "model_path > Model" } });
  });

  it("meets what says only that it is a file with what the step before makes alone", async () => {
    const made = await draft({
      "1_fetch.py": "def main(output_dir: str, rows: int = 3):\n    import os\n    os.makedirs(output_dir)\n",
      "2_clean.py": "def main(input_dir: str, output_path: str):\n    open(output_path, 'w')\n",
      "3_train.py":
        "def main(data_dir: str, save_every: int = 5, output_format: str = 'x'):\n    print(open(data_dir))\n",
    });
    assert.deepEqual(shown(made), {
      fetch: { output_dir: "output_dir > Dataset", rows: "rows: int" },
      clean: { input_dir: "input_dir < fetch.output_dir", output_path: "output_path > Dataset" },
      train: {
        data_dir: "data < clean.output_path",
        save_every: "save_every: int",
        output_format: "output_format: str",
      },
    });
  });

  it("follows paths through classes, functions and joins", async () => {
    const made = await draft({
      "1_get.py": `import argparse, urllib.request
def options():
    p = argparse.ArgumentParser()
    p.add_argument("--to", default="raw.csv")
    return p.parse_args()
def fetch(url, to):
    urllib.request.urlretrieve(url, to)
if __name__ == "__main__":
    args = options()
    fetch("https://example.com", args.to)
`,
      "2_train.py": `import argparse, os
from tensorflow import keras
class Trainer:
    def __init__(self, args, target):
        self.args = args
        self.kept = os.path.join(args.kept, "last.ckpt")
        self.target = f"{target}"
    def save(self, model):
        open(self.kept, "wb")
        model.save(self.target)
        print(open(self.args.raw).read())
p = argparse.ArgumentParser()
p.add_argument("--raw")
p.add_argument("--kept")
p.add_argument("--fitted")
args = vars(p.parse_args())
args = p.parse_args()
Trainer(args, target=args.fitted).save(keras.Model())
`,
      "3_test.py": `import sys
from tensorflow import keras
kept = sys.argv[1]
keras.models.load_model(kept)
`,
      "4_show.py": `import click
from tensorflow import keras
@click.command()
@click.argument("fitted")
def show(fitted):
    keras.models.load_model(fitted)
show()
`,
    });
    assert.deepEqual(shown(made), {
      get: { to: "to > Dataset" },
      train: { raw: "raw < get.to", kept: "kept > Artifact", fitted: "fitted > Model" },
      test: { argument_1: "kept < train.kept" },
      show: { fitted: "fitted < train.fitted" },
    });
    assert.match(
      await text(made, "components/train/run_step.py"),
      /os\.replace\(args\.fitted \+ "\.keras", args\.fitted\)/,
    );
    assert.match(await text(made, "components/show/run_step.py"), /copy\(args\.fitted, "fitted\.keras"\)/);
  });

  it("is as the person wants it", async () => {
    const made = await draft({
      "prep.py": argparse(`"--a"`, `"--out-b"`),
      "train.py": argparse(`"--b"`, `"--c"`),
    });
    const [prep, train] = made.plan.steps;
    assert.ok(prep !== undefined && train !== undefined);
    assert.deepEqual(made.offered(train), [{ from: "prep", output: "b" }]);
    for (const key of ["b", "c"]) {
      const part = train.parts.find((each) => each.key === key);
      assert.ok(part !== undefined);
      made.setRole(train, part, key === "b" ? { kind: "left" } : { kind: "input", from: "prep", output: "b" });
    }
    assert.deepEqual(shown(made)["train"], { b: "left", c: "c < prep.b" });
    made.move(train, -1);
    assert.deepEqual(Object.keys(shown(made)), ["train", "prep"]);
    assert.deepEqual(shown(made)["train"], { b: "left", c: "c: str" });
    made.leaveOut(prep);
    assert.deepEqual(Object.keys(shown(made)), ["train"]);
  });

  it("asks once for what steps share, and for each step’s own where they differ", async () => {
    const made = await draft({
      "prep.py": argparse(`"--seed", type=int, default=1`, `"--rate", type=float, default=1`),
      "train.py": argparse(`"--seed", type=int, default=1`, `"--rate", type=float, default=2`, `"--n", default=3`),
    });
    assert.deepEqual(shown(made), {
      prep: { seed: "seed: int", rate: "prep_rate: float" },
      // Passed on the command line, it would be text.
      train: { seed: "seed: int", rate: "train_rate: float", n: "left" },
    });
    assert.match(await text(made, "pipeline.py"), /train\(seed=seed, rate=train_rate\)/);
  });

  it("has images of the files that a step imports and reads, and pins what is installed", async () => {
    const made = await draft(
      {
        "steps/train.py": `import json, sklearn_is_not_there, yaml2\nfrom shared import util\nopen("config/a b.yaml")\nopen("none.txt")\n`,
        "steps/other.py": "",
        "shared/util.py": "import cv2 as _cv2\n",
        "config/a b.yaml": "",
        "pyproject.toml": "",
      },
      /train/,
    );
    assert.equal(
      (await text(made, "components/train/Dockerfile")).split("\n").slice(3).join("\n"),
      `ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app
# A step may write where it runs; older servers of Kubeflow Pipelines write below the other three.
RUN useradd --create-home --uid 1000 step && install -d -o step /app /minio /s3 /gcs
WORKDIR /app

COPY components/train/requirements.txt requirements.txt
RUN pip install --no-cache-dir -r requirements.txt

COPY ["config/a b.yaml", "config/"]
COPY shared/util.py shared/
COPY steps/train.py steps/

USER 1000
`,
    );
    assert.equal(
      (await text(made, "components/train/requirements.txt")).replace(/==.*/g, ""),
      "opencv-python-headless\nsklearn_is_not_there\nyaml2\n",
    );
    write({ "requirements.txt": "numpy==2\n--extra-index-url https://example.com\n" });
    assert.match(await text(made, "components/train/Dockerfile"), /^COPY requirements\.txt requirements\.txt$/m);
    write({ "requirements.txt": "-r other.txt\n" });
    assert.match(await text(made, "components/train/Dockerfile"), /^COPY components\/train\/requirements\.txt/m);
  });

  it("keeps the images that were pushed, and knows what is there already", async () => {
    const made = await draft({ "train.py": "" });
    const pinned = `TRAIN_IMAGE = "example.com/train@sha256:${"0".repeat(64)}"`;
    const first = await text(made, "pipeline.py");
    write({ "pipeline.py": first.replace(/^TRAIN_IMAGE.*/m, `${pinned}  # pushed`) });
    const files = await made.files();
    assert.ok(files.find((file) => file.path === "pipeline.py")?.text.includes(pinned));
    write(Object.fromEntries(files.map((file) => [file.path, file.text])));
    assert.deepEqual(
      (await made.files()).filter((file) => file.before !== file.text),
      [],
    );
    write(Object.fromEntries(files.map((file) => [file.path, file.text.replaceAll("\n", "\r\n")])));
    write({ ".dockerignore": "mine\r\n" });
    const differ = (await made.files()).filter((file) => file.before !== file.text);
    assert.deepEqual(
      differ.map(({ path: file, text: now }) => [file, /[^\r]\n/.test(now)]),
      [[".dockerignore", false]],
    );
  });

  it("has a tag for each image that goes by what its Dockerfile copies", async () => {
    const made = await draft({ "train.py": "import lib.a", "lib/a.py": "", "my test.py": "" }, /^(train|my test)/);
    write(Object.fromEntries((await made.files()).map((file) => [file.path, file.text])));
    const { signal } = new AbortController();
    const tags = async (): Promise<readonly (readonly [string, string])[]> =>
      Promise.all((await componentsOf(folder)).map(async (one) => [one.id, await contentTag(one, signal)]));
    const before = await tags();
    assert.deepEqual(
      before.map(([id]) => id),
      ["train", "my_test"],
    );
    write({ "lib/a.py": "x = 1", "README.md": "" });
    const after = await tags();
    assert.notEqual(after[0]?.[1], before[0]?.[1]);
    assert.equal(after[1]?.[1], before[1]?.[1]);
    // What names the image's own digest changes with it, and is like any other file to an image that no pipeline names.
    write({ Dockerfile: "FROM x\nCOPY . .\n" });
    const source = { context: folder, dockerfile: path.join(folder, "Dockerfile") };
    const whole = async (): Promise<readonly string[]> =>
      Promise.all([true, false].map((isComponent) => contentTag({ ...source, isComponent }, signal)));
    const [component, other] = await whole();
    write({ "pipeline.py": "# other" });
    const [componentNow, otherNow] = await whole();
    assert.equal(componentNow, component);
    assert.notEqual(otherNow, other);
  });

  it("stands in the project that all scripts are of", async () => {
    write({ "a/requirements.txt": "", "a/b/x.py": "", "a/b/c/y.py": "", "z.py": "" });
    const at = (...files: readonly string[]): Promise<string> =>
      pipelineFolder(
        files.map((file) => path.join(folder, file)),
        folder,
      );
    assert.equal(await at("a/b/x.py", "a/b/c/y.py"), path.join(folder, "a"));
    assert.equal(await at("a/b/x.py", "z.py"), folder);
    assert.equal(await at("z.py"), folder);
    await assert.rejects(at("z.py", "../other/x.py"), { code: "no-scripts" });
    await assert.rejects(at("../other/x.py"), { code: "no-scripts" });
  });

  it("reads scripts that import more than a command line holds", async () => {
    const long = "a".repeat(200);
    const imports = Array.from({ length: 700 }, (_, index) => `import ${long}_${index}`);
    const made = await draft({ "train.py": `${imports.join("\n")}\n${argparse('"--rows", type=int')}` });
    assert.ok((await made.files()).some((file) => file.path === "components/train/requirements.txt"));
  });

  it("says which script it cannot be made of", async () => {
    const refused = async (code: string): Promise<string> => {
      const error: unknown = await draft({ "train.py": code }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(isUserError(error));
      return error.message;
    };
    assert.match(await refused("x = 1\nif x\n"), /^No pipeline was written\. train\.py, line 2: .+ A step is/);
    assert.match(await refused("from kfp import dsl\n@dsl.pipeline\ndef p(): pass\n"), /train\.py defines components/);
  });
});
