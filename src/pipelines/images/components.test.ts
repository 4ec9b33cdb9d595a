import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { neverPushed, pinEdits } from "./components.ts";
import { instructionsOf, sourcesOf } from "./dockerfile.ts";
import { hostOf, registryProblem, repositoryOf, slug, targetRepository } from "./reference.ts";

describe("what a pipeline names its images", () => {
  const PIPELINE =
    'PREPARE_IMAGE = "a:latest"\r\nTRAIN_IMAGE = "b"  # mine\r\n  X_IMAGE = "c"\r\nY_IMAGE = f"d"\r\nOTHER_IMAGE = "e"\r\n';

  it("changes between the quotes alone", () => {
    const pin = (images: Readonly<Record<string, string>>) =>
      pinEdits(PIPELINE, new Map(Object.entries(images))).reduceRight(
        (text, { start, end, text: put }) => text.slice(0, start) + put + text.slice(end),
        PIPELINE,
      );
    assert.equal(
      pin({ prepare: "p@1", train: "t@2", x: "no", y: "no" }),
      PIPELINE.replace("a:latest", "p@1").replace('"b"', '"t@2"'),
    );
    assert.deepEqual(pinEdits(PIPELINE, new Map([["train", "b"]])), []);
  });
});

describe("components of which no image was pushed yet", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "trainyard-components-"));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(images: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(images).map(([id, image]) => `${id.toUpperCase()}_IMAGE = "${image}"\n`);
    await writeFile(path.join(folder, "pipeline.py"), lines.join(""));
    for (const id of Object.keys(images)) {
      await mkdir(path.join(folder, "components", id), { recursive: true });
      await writeFile(path.join(folder, "components", id, "Dockerfile"), "FROM scratch\n");
    }
  }

  it("are those with the very name that is written for them at first", async () => {
    await write({
      ...{ train_model: "housing-train-model:latest", score: "housing-score:latest", plot: "plot:latest" },
      ...{ prepare: "alice/prepare:1", check: "python:3.12", ship: `ghcr.io/team/ship@sha256:${"0".repeat(64)}` },
    });
    assert.deepEqual(await neverPushed(folder, "housing"), ["train_model", "score"]);
    assert.deepEqual(await neverPushed(folder, "other"), []);
  });

  it("are none where that cannot be read", async () => {
    await write({ score: "housing-score:latest" });
    await rm(path.join(folder, "components"), { recursive: true });
    await writeFile(path.join(folder, "components"), "no folder");
    assert.deepEqual(await neverPushed(folder, "housing"), []);
    assert.deepEqual(await neverPushed(path.join(folder, "nowhere"), "housing"), []);
  });
});

describe("a registry", () => {
  for (const good of [
    "ghcr.io/team",
    "localhost:5000",
    "127.0.0.1:5000/a",
    "europe-docker.pkg.dev/p-1/images",
    "registry:5000/x_y",
  ])
    it(`may be ${good}`, () => assert.equal(registryProblem(good), undefined));
  for (const bad of [
    "",
    "team",
    "team/x",
    "ghcr.io/Team",
    "ghcr.io/",
    "ghcr.io//x",
    "ghcr.io/-x",
    "https://ghcr.io",
    "ghcr.io/a b",
    "--help",
    "ghcr.io/x:1",
    "a.b/$(x)",
  ])
    it(`is not ${JSON.stringify(bad)}`, () => assert.notEqual(registryProblem(bad), undefined));

  it("goes before what names none, and before nothing else", () => {
    assert.equal(targetRepository("housing-train:latest", "ghcr.io/team"), "ghcr.io/team/housing-train");
    assert.equal(targetRepository("ghcr.io/a/b@sha256:1", "ghcr.io/team"), "ghcr.io/a/b");
    assert.equal(repositoryOf("localhost:5000/a"), "localhost:5000/a");
    assert.equal(repositoryOf("localhost:5000/a:1@sha256:2"), "localhost:5000/a");
    assert.equal(hostOf("team/train"), undefined);
    assert.equal(slug("My Pipeline/größe.2"), "my-pipeline/gr-e-2");
  });
});

describe("a Dockerfile", () => {
  it("is read as BuildKit reads it", () => {
    const text = "# syntax=x\nfrom a\nRUN one && \\\n# between\n\n  two\nRUN <<EOF\nCOPY not this\nEOF\nCOPY x .\n";
    assert.deepEqual(instructionsOf(text), [
      { name: "FROM", rest: "a", line: 1 },
      { name: "RUN", rest: "one && two", line: 2 },
      { name: "RUN", rest: "<<EOF", line: 6 },
      { name: "COPY", rest: "x .", line: 9 },
    ]);
    assert.equal(instructionsOf("# escape=`\nRUN a `\n b\n")[0]?.rest, "a b");
  });

  const rows: readonly (readonly [text: string, sources: readonly string[] | undefined])[] = [
    ["COPY a.py b/ ./lib/x.py /app/", ["a.py", "b", "lib/x.py"]],
    ['COPY --chown=1000 ["my file.py", "/app/"]', ["my file.py"]],
    ["COPY --from=build /x /y", []],
    ["ADD https://example.com/x.tar /x", []],
    ["COPY . .", undefined],
    ["COPY *.py .", undefined],
    ["COPY $X .", undefined],
    ["COPY ../x .", undefined],
    ["COPY x", undefined],
    ['COPY ["x", ', undefined],
    ["COPY <<EOF /x\nhello\nEOF", undefined],
    ["RUN --mount=type=bind,source=.,target=/x make", undefined],
    ["RUN --mount=type=cache,target=/x pip install y", []],
    ["ONBUILD COPY . .", undefined],
  ];
  for (const [text, sources] of rows)
    it(`takes ${sources === undefined ? "the whole context" : JSON.stringify(sources)}: ${text.split("\n")[0] ?? ""}`, () =>
      assert.deepEqual(sourcesOf(`FROM x\n${text}\n`), sources));
});
