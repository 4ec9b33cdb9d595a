import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { errorCode } from "../../core/errors.ts";
import { assertGolden } from "../../core/testing/golden.ts";
import { workflowErrors } from "../testing/githubReader.ts";
import { workflowOf } from "./workflow.ts";

const FILES: Readonly<Record<string, string>> = {
  "pipeline.py": `from kfp import compiler, dsl

PREPARE_IMAGE = "housing-prepare:latest"
TRAIN_IMAGE = "ghcr.io/team/housing-train@sha256:${"0".repeat(64)}"


@dsl.pipeline(name="housing")
def housing():
    pass
`,
  ".dockerignore": "data\n",
  "my lib/model.py": "",
  "train.py": "",
  "components/prepare/Dockerfile": "FROM python:3.11-slim\nCOPY prepare.py .\n",
  "components/train/Dockerfile": `FROM python:3.11-slim\nCOPY components/train/requirements.txt .\nCOPY ["my lib", "train.py", "./"]\n`,
};

describe("a workflow for GitHub", () => {
  let repository: string;
  let folder: string;

  beforeEach(async () => {
    repository = await mkdtemp(path.join(tmpdir(), "trainyard-workflow-"));
    folder = path.join(repository, "pipelines", "housing");
    for (const [name, text] of Object.entries(FILES)) await write(name, text);
  });

  afterEach(() => rm(repository, { recursive: true, force: true }));

  async function write(name: string, text: string): Promise<void> {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }

  const wish = (registry = "ghcr.io/team") => ({ folder, below: "pipelines/housing", branch: "main", registry });

  it("is what an expert would write, and GitHub's own reader has nothing against it", async () => {
    const { text, path: file, pipeline } = await workflowOf(wish());
    assertGolden("workflow-ghcr", text);
    assert.deepEqual(await workflowErrors(text), []);
    assert.equal(file, ".github/workflows/housing.yml");
    assert.equal(pipeline, "housing");
    assert.notDeepEqual(await workflowErrors(text.replace("runs-on:", "run-on:")), []);
  });

  it("signs in to another registry by a variable and a secret, with no right to packages", async () => {
    await write("pipeline.py", FILES["pipeline.py"]?.replace("ghcr.io/team/", "") ?? "");
    await write("components/train/Dockerfile", "FROM python:3.11-slim\nCOPY . .\n");
    const { text } = await workflowOf(wish("registry.example.com:5000/ml"));
    assertGolden("workflow-registry", text);
    assert.deepEqual(await workflowErrors(text), []);
    assert.equal((parse(text) as Record<string, unknown>)["permissions"] instanceof Object, true);
    assert.match(text, /^# - .*REGISTRY_USERNAME.*registry\.example\.com:5000$/m);
  });

  it("names each action by its commit, with the version beside it", async () => {
    const { text } = await workflowOf(wish());
    const uses = text.split("\n").filter((line) => line.includes("uses:"));
    assert.equal(uses.length, 2);
    for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("is refused where it has nothing to build, two registries, or a name that would be read as an expression", async () => {
    const refusals: readonly (readonly [name: string, text: string])[] = [
      ["pipeline.py", "print()\n"],
      ["pipeline.py", (FILES["pipeline.py"] ?? "").replace("ghcr.io", "docker.io")],
      ["pipeline.py", (FILES["pipeline.py"] ?? "").replace("ghcr.io/team", "ghcr.io/$(curl example.com)")],
      ["components/prepare/Dockerfile", 'FROM x\nCOPY ["${{ secrets.x }}", "./"]\n'],
      ["pipeline.py", (FILES["pipeline.py"] ?? "").replace('name="housing"', 'name="${{ secrets.x }}"')],
    ];
    for (const [name, text] of refusals) {
      await write(name, text);
      if (name.endsWith("Dockerfile")) await write("pipeline.py", FILES["pipeline.py"] ?? "");
      const code = await workflowOf(wish()).then(
        ({ text: written }) => written,
        (error: unknown) => errorCode(error),
      );
      // A variable in a COPY line makes the whole folder count: then its text is nowhere.
      if (name.endsWith("Dockerfile")) assert.equal(code?.includes("secrets.x"), false);
      else assert.equal(code, "no-workflow");
    }
  });
});
