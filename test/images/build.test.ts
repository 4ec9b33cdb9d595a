import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { hashSync } from "bcryptjs";
import { systemClock } from "../../src/core/clock.ts";
import { errorCode, isCancelled, isUserError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import { componentsOf, pinEdits } from "../../src/pipelines/images/components.ts";
import { type Builder, type BuildOrder, ImageBuilder } from "../../src/pipelines/images/imageBuilder.ts";
import { targetRepository } from "../../src/pipelines/images/reference.ts";
import { run } from "../../scripts/steps.mjs";
import { skipBecause } from "../rings/skip.ts";
import { BASE, Workshop } from "./tools.ts";

const PIPELINE = `# The image of each step. Build and Push Image puts the digest here.
PREPARE_IMAGE = "housing-prepare:latest"
TRAIN_IMAGE = "housing-train:latest"  # mine
OTHER_IMAGE = "python:3.11-slim"
`;

const FILES: Readonly<Record<string, string>> = {
  "pipeline.py": PIPELINE,
  ".dockerignore": "data\n**/__pycache__\n",
  "prepare.sh": "echo prepared\n",
  "train.sh": ". lib/model.sh\necho trained $NAME\n",
  "lib/model.sh": "NAME='größe'\n",
  "lib/__pycache__/model.bin": "made by tools",
  "components/prepare/Dockerfile": `FROM ${BASE}\nWORKDIR /app\nCOPY prepare.sh .\nENTRYPOINT ["sh", "prepare.sh"]\n`,
  "components/train/Dockerfile": `FROM ${BASE}\nWORKDIR /app\nCOPY train.sh .\nCOPY lib/ lib/\nRUN echo made > made && echo there\nENTRYPOINT ["sh", "train.sh"]\n`,
};

describe("images that are built and pushed", () => {
  const { signal } = new AbortController();
  let shop: Workshop;
  let isOpen = false;
  let folder: string;

  before(async function () {
    const why = process.env["TRAINYARD_NO_IMAGES"];
    if (why !== undefined) skipBecause(this, why);
    shop = await Workshop.open(await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-images-")));
    isOpen = true;
  });

  after(async () => {
    if (isOpen) await shop.close();
  });

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-pipeline-"));
    for (const [name, text] of Object.entries(FILES)) {
      await fs.mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await fs.writeFile(path.join(folder, name), text);
    }
  });

  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  const images = () =>
    new ImageBuilder({
      ...{ env: shop.env, platform: process.platform, clock: systemClock, log: silentLogger },
    });

  async function builderOf(kind: Builder["kind"]): Promise<Builder> {
    const found = await images().find(signal);
    return found.kind === kind ? found : { ...found, kind, file: path.join(shop.folder, "bin", kind) };
  }

  async function order(id: string, known: readonly string[] = []): Promise<BuildOrder> {
    const component = (await componentsOf(folder)).find((one) => one.id === id);
    assert.ok(component);
    const repository = targetRepository(component.image, `${shop.registry}/team`);
    return { ...component, repository, platform: undefined, known };
  }

  async function failure(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => assert.fail("it went well"),
      (error: unknown) => error,
    );
  }

  it("pass over a docker whose daemon does not run", async () => {
    assert.equal((await images().find(signal)).kind, "podman");
  });

  for (const kind of ["buildah", "podman", "docker"] as const) {
    it(`by ${kind}: pushed under their content, pinned by their digest, and not built again`, async () => {
      if (kind === "docker") await shop.startDocker();
      const builder = await builderOf(kind);
      if (kind === "docker") assert.equal(builder.file.startsWith(shop.folder), false);
      await fs.appendFile(path.join(folder, "train.sh"), `# ${kind}\n`);
      const told: string[] = [];
      const first = await images().build(builder, await order("train"), (words) => told.push(words), signal);
      assert.equal(first.isNew, true);
      assert.ok(told.includes("step 3 of 6: COPY train.sh ."), told.join("\n"));
      assert.ok(told.includes(kind === "docker" ? "pushing layers" : "copying layers"), told.join("\n"));

      // The registry's own word for that tag, by the documented API.
      const [, tag] = /:([0-9a-f]{16})$/.exec(first.reference) ?? [];
      const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
      const url = `http://${shop.registry}/v2/team/housing-train/manifests/${tag ?? ""}`;
      const answer = await fetch(url, { headers: { accept } });
      const digest = `sha256:${createHash("sha256")
        .update(await answer.text())
        .digest("hex")}`;
      assert.equal(first.pinned, `${shop.registry}/team/housing-train@${digest}`);

      const edits = pinEdits(PIPELINE, new Map([["train", first.pinned]]));
      const pinned = edits.reduceRight(
        (text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end),
        PIPELINE,
      );
      assert.equal(pinned, PIPELINE.replace("housing-train:latest", first.pinned));
      await fs.writeFile(path.join(folder, "pipeline.py"), pinned);

      told.length = 0;
      const again = await images().build(builder, await order("train", [digest]), (words) => told.push(words), signal);
      assert.deepEqual(again, { ...first, isNew: false });
      assert.deepEqual(told, [`asking ${shop.registry}/team/housing-train`]);

      const container = (await shop.buildah("from", first.pinned)).trim();
      assert.equal(await shop.buildah("run", container, "--", "sh", "train.sh"), "trained größe\n");
      assert.equal(await shop.buildah("run", container, "--", "ls", "lib"), "model.sh\n");
      await shop.buildah("rm", container);
      await shop.stopDocker();
    });
  }

  it("anew where a file of theirs has changed, and no other", async () => {
    const builder = await builderOf("buildah");
    const build = async (id: string) => images().build(builder, await order(id), () => undefined, signal);
    const before = await Promise.all([build("prepare"), build("train")]);
    await fs.writeFile(path.join(folder, "lib/model.sh"), "NAME='other'\n");
    await fs.writeFile(path.join(folder, "lib/__pycache__/model.bin"), "other");
    await fs.mkdir(path.join(folder, "data"));
    await fs.writeFile(path.join(folder, "data/rows.csv"), "1\n");
    const [prepared, trained] = [await build("prepare"), await build("train")];
    assert.deepEqual(prepared, { ...before[0], isNew: false });
    assert.equal(trained.isNew, true);
    assert.notEqual(trained.reference, before[1].reference);
  });

  it("are found in the registry by a computer that has never seen them", async () => {
    const builder = await builderOf("podman");
    const first = await images().build(builder, await order("prepare"), () => undefined, signal);
    await shop.buildah("rmi", "--force", first.reference);
    const again = await images().build(builder, await order("prepare"), () => undefined, signal);
    assert.deepEqual(again, { ...first, isNew: false });
  });

  it("have the tag that git’s index gives their files, as the workflow takes it", async () => {
    const { reference } = await images().build(
      await builderOf("buildah"),
      await order("train"),
      () => undefined,
      signal,
    );
    const git = (...args: string[]) => run("git", ["-C", folder, ...args]);
    await git("init", "-q");
    await fs.writeFile(path.join(folder, ".gitignore"), "__pycache__/\n");
    await git("add", ".");
    const listed = await git(
      "ls-files",
      "-sz",
      "--",
      "components/train/Dockerfile",
      ".dockerignore",
      "train.sh",
      "lib",
    );
    const tag = createHash("sha256").update(listed).digest("hex").slice(0, 16);
    assert.equal(reference, `${shop.registry}/team/housing-train:${tag}`);
  });

  it("say where the Dockerfile is wrong", async () => {
    const builder = await builderOf("buildah");
    const rows = [
      [
        `FROM ${BASE}\n\nRUNX foo\n`,
        2,
        /The image was not built\. buildah said: building at STEP "RUNX ": Build error: Unknown instruction: "RUNX" It is line 3/,
      ],
      [`FROM ${BASE}\n# why\nRUN echo one && \\\n  exit 3\n`, 2, /exit status 3/],
    ] as const;
    for (const [text, line, words] of rows) {
      await fs.writeFile(path.join(folder, "components/train/Dockerfile"), text);
      const error = await failure(images().build(builder, await order("train"), () => undefined, signal));
      assert.equal(errorCode(error), "dockerfile");
      assert.match(String(error), words);
      assert.equal(error instanceof Error && "line" in error ? error.line : undefined, line);
    }
    await fs.writeFile(path.join(folder, "components/train/Dockerfile"), `FROM ${BASE}\nCOPY nothing.py .\n`);
    const error = await failure(images().build(builder, await order("train"), () => undefined, signal));
    assert.match(String(error), /The image was not built\. Dockerfile copies nothing\.py, which is not in /);
  });

  it("say that a registry was not reached, before anything is built", async () => {
    const told: string[] = [];
    const away = { ...(await order("train")), repository: "127.0.0.1:9/team/train" };
    const error = await failure(images().build(await builderOf("buildah"), away, (words) => told.push(words), signal));
    assert.equal(errorCode(error), "registry");
    assert.match(String(error), /127\.0\.0\.1:9 was not reached\. buildah said: .*connection refused/);
    assert.deepEqual(told, ["asking 127.0.0.1:9/team/train"]);
  });

  it("end when they are cancelled, and what builds them too", async () => {
    await fs.writeFile(path.join(folder, "components/train/Dockerfile"), `FROM ${BASE}\nRUN echo begun && sleep 600\n`);
    const ending = new AbortController();
    const tell = (words: string): void => {
      if (words.startsWith("step 2 of 2")) ending.abort();
    };
    const builder = await builderOf("buildah");
    const error = await failure(images().build(builder, await order("train"), tell, ending.signal));
    assert.equal(isCancelled(error), true);
    assert.equal(await run("sh", ["-c", "ps -eo args | grep -c '^sleep 60[0]$' || true"]), "0\n");
  });

  describe("to a registry that wants a sign-in", () => {
    before(async () => {
      await shop.stopRegistry();
      await shop.startRegistry(`ann:${hashSync("correct horse", 4)}\n`);
    });

    it("are refused in the tool’s words, and go there once it is signed in", async () => {
      const builder = await builderOf("buildah");
      await fs.writeFile(path.join(folder, "prepare.sh"), "echo private\n");
      const error = await failure(images().build(builder, await order("prepare"), () => undefined, signal));
      assert.equal(errorCode(error), "registry-sign-in", String(error));
      assert.match(String(error), /did not accept you\. buildah said: .*authentication required/);
      const next = isUserError(error) ? error.next : [];
      const args = [{ signIn: shop.registry, program: "buildah" }];
      assert.deepEqual(next, [{ title: "Log In in Terminal", command: "trainyard.image.build", args }]);

      // A person types the password; that the registry has no TLS is this test's own matter.
      const login = ["login", "--tls-verify=false", "--username=ann", "--password-stdin", shop.registry];
      await run(builder.file, login, { env: shop.env, input: "correct horse" });
      const pushed = await images().build(builder, await order("prepare"), () => undefined, signal);
      assert.equal(pushed.isNew, true);
    });
  });
});
