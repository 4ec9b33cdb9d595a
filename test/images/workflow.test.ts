// The steps of a written workflow, run as GitHub runs them. `docker` with buildx is played by the real buildah, since no
// daemon runs here: it pushes to the real registry.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { componentsOf } from "../../src/pipelines/images/components.ts";
import { ImageBuilder } from "../../src/pipelines/images/imageBuilder.ts";
import { workflowOf } from "../../src/pipelines/workflow/workflow.ts";
import { run } from "../../scripts/steps.mjs";
import { skipBecause } from "../rings/skip.ts";
import { runStep } from "./githubStep.ts";
import { BASE, Workshop } from "./tools.ts";

/** What of `docker` a workflow uses, as buildah has it. */
const DOCKER = `#!/bin/bash
set -eo pipefail
case "$1 $2" in
  "login "*) exec buildah login --tls-verify=false "\${@:3}" "$2" ;;
  "buildx imagetools")
    buildah pull --quiet --policy=always "\${@: -1}" > /dev/null
    printf '{"digest": "%s"}' "$(buildah inspect --type=image --format '{{.FromImageDigest}}' "\${@: -1}")" ;;
  "buildx build")
    shift 3
    while [ $# -gt 1 ]; do
      case "$1" in
        --file) file=$2 ;; --tag) tag=$2 ;; --metadata-file) result=$2 ;;
      esac
      shift 2
    done
    echo "$file" >> "$BUILT"
    buildah bud --quiet --file "$file" --tag "$tag" "$1"
    buildah push --quiet --digestfile "$result.digest" "$tag"
    printf '{"containerimage.digest": "%s"}' "$(cat "$result.digest")" > "$result" ;;
  *) exit 64 ;;
esac
`;

const FILES: Readonly<Record<string, string>> = {
  "pipeline.py": 'PREPARE_IMAGE = "housing-prepare:latest"\nTRAIN_IMAGE = "housing-train:latest"  # mine\n',
  "README.md": "housing\n",
  "prepare.sh": "echo prepared\n",
  "train.sh": "echo trained\n",
  "my lib/größe.sh": "echo größe\n",
  "components/prepare/Dockerfile": `FROM ${BASE}\nCOPY prepare.sh /app/\n`,
  "components/train/Dockerfile": `FROM ${BASE}\nCOPY ["train.sh", "my lib/", "/app/"]\n`,
};

describe("the steps of a workflow", () => {
  let shop: Workshop;
  let isOpen = false;
  let repository: string;
  let folder: string;

  before(async function () {
    const why = process.env["TRAINYARD_NO_IMAGES"];
    if (why !== undefined) skipBecause(this, why);
    shop = await Workshop.open(await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-images-")));
    isOpen = true;
    await fs.writeFile(path.join(shop.folder, "bin", "docker"), DOCKER, { mode: 0o755 });
    repository = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-workflow-"));
    folder = path.join(repository, "pipelines", "housing");
    for (const [name, text] of Object.entries(FILES)) await write(name, text);
    await run("git", ["-C", repository, "init", "--quiet"]);
    await commit();
  });

  after(async () => {
    if (!isOpen) return;
    await shop.close();
    await fs.rm(repository, { recursive: true, force: true });
  });

  async function write(name: string, text: string): Promise<void> {
    await fs.mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await fs.writeFile(path.join(folder, name), text);
  }

  async function commit(): Promise<void> {
    await run("git", ["-C", repository, "add", "."]);
    const author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    await run("git", ["-C", repository, ...author, "commit", "--quiet", "--allow-empty", "--message=x"]);
  }

  /** On a fresh checkout. */
  async function step(name: string, env: Readonly<Record<string, string>> = {}) {
    const { text } = await workflowOf({
      ...{ folder, below: "pipelines/housing", branch: "main", registry: `${shop.registry}/team` },
    });
    const temp = await fs.mkdtemp(path.join(shop.folder, "runner-"));
    const [work, list] = [path.join(temp, "work"), path.join(temp, "built")];
    await run("git", ["clone", "--quiet", repository, work]);
    const place = path.join(work, "pipelines", "housing");
    const ran = await runStep(text, name, temp, place, { ...shop.env, BUILT: list, ...env });
    const built = (await fs.readFile(list, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
    return { ...ran, built, pipeline: await fs.readFile(path.join(place, "pipeline.py"), "utf8") };
  }

  const build = () => step("Build and push what has changed");
  const digests = (text: string) => [...text.matchAll(/@(sha256:[0-9a-f]{64})"/g)].map(([, digest]) => digest);

  it("build all at first, and the pipeline names their digests", async () => {
    const ran = await build();
    assert.equal(ran.code, 0, ran.log);
    assert.deepEqual(ran.built, ["components/prepare/Dockerfile", "components/train/Dockerfile"]);
    assert.match(ran.outputs, /^pushed=true$/m);
    const image = (name: string) => `${shop.registry}/team/housing-${name}@sha256:[0-9a-f]{64}`;
    assert.match(
      ran.pipeline,
      new RegExp(`^PREPARE_IMAGE = "${image("prepare")}"\nTRAIN_IMAGE = "${image("train")}"  # mine\n$`),
    );
  });

  it("build nothing where nothing of an image has changed, and name the same digests", async () => {
    const before = await build();
    await write("README.md", "other\n");
    await commit();
    const ran = await build();
    assert.equal(ran.code, 0, ran.log);
    assert.deepEqual(ran.built, []);
    assert.equal(ran.outputs, "");
    assert.deepEqual(digests(ran.pipeline), digests(before.pipeline));
  });

  it("build the one component whose file has changed", async () => {
    const before = await build();
    await write("my lib/größe.sh", "echo größer\n");
    await commit();
    const ran = await build();
    assert.deepEqual(ran.built, ["components/train/Dockerfile"]);
    assert.match(ran.outputs, /^pushed=true$/m);
    const [[prepared, trained], [prepareBefore, trainBefore]] = [digests(ran.pipeline), digests(before.pipeline)];
    assert.equal(prepared, prepareBefore);
    assert.notEqual(trained, trainBefore);
  });

  it("do not build what was built in the editor", async () => {
    await write("train.sh", "echo from the editor\n");
    const { signal } = new AbortController();
    const images = new ImageBuilder({
      ...{ env: shop.env, platform: process.platform, clock: systemClock, log: silentLogger },
    });
    const [, train] = await componentsOf(folder);
    assert.ok(train);
    const order = { ...train, repository: `${shop.registry}/team/housing-train`, platform: undefined, known: [] };
    const builder = { kind: "buildah", file: path.join(shop.folder, "bin", "buildah"), env: shop.env } as const;
    const built = await images.build(builder, order, () => undefined, signal);
    await commit();
    const ran = await build();
    assert.deepEqual(ran.built, []);
    assert.equal(ran.pipeline.includes(`TRAIN_IMAGE = "${built.pinned}"`), true, ran.pipeline);
  });

  it("fail where an image cannot be built", async () => {
    await write("prepare.sh", "echo broken\n");
    await write("components/prepare/Dockerfile", `FROM ${BASE}\nCOPY prepare.sh /app/\nRUN exit 3\n`);
    await commit();
    const ran = await build();
    assert.notEqual(ran.code, 0);
    assert.equal(ran.outputs, "");
  });

  it("say what to set where Kubeflow Pipelines has no address", async () => {
    const empty = { KFP_ENDPOINT: "", KUBECONFIG_TEXT: "", KFP_TOKEN: "", KFP_NAMESPACE: "" };
    const ran = await step("Upload, and run where an image is new", empty);
    assert.equal(ran.code, 1);
    assert.match(ran.log, /^::error::Kubeflow Pipelines is not reached: set the variable KFP_ENDPOINT/);
  });
});
