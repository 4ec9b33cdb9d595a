import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { contentTag } from "./content.ts";

describe("the tag of an image by its content", () => {
  const { signal } = new AbortController();
  let context: string;

  const write = (file: string, text: string): Promise<void> => writeFile(path.join(context, file), text);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: context, encoding: "utf8" });
  const tag = (): Promise<string> =>
    contentTag({ context, dockerfile: path.join(context, "Dockerfile"), isComponent: false }, signal);
  /** As the steps of a workflow have it (workflow/steps.ts). */
  const inWorkflow = (): string =>
    createHash("sha256")
      .update(git("ls-files", "-sz", "--", "Dockerfile", "lib"))
      .digest("hex")
      .slice(0, 16);

  beforeEach(async () => {
    context = await mkdtemp(path.join(os.tmpdir(), "trainyard-content-"));
    await mkdir(path.join(context, "lib"));
    await write("Dockerfile", "FROM x\r\nCOPY lib /app\r\n");
    await write("lib/a b.py", "x = 1\r\n");
    await write("lib/run.sh", "exit 0\n");
    await chmod(path.join(context, "lib", "run.sh"), 0o755);
  });
  afterEach(() => rm(context, { recursive: true }));

  it("is a workflow's, though lines end otherwise on this disk, and files have no modes there", async () => {
    const before = await tag();
    git("init", "-q");
    git("config", "core.autocrlf", "true");
    git("add", ".");
    git("commit", "-qm", "a");
    // As Windows has them: modes are in the index alone.
    git("config", "core.fileMode", "false");
    await chmod(path.join(context, "lib", "run.sh"), 0o644);
    assert.equal(await tag(), inWorkflow());
    assert.notEqual(await tag(), before);
  });

  it("is before a commit what it is after it, also of what is new", async () => {
    git("init", "-q");
    git("config", "core.autocrlf", "true");
    git("add", ".");
    git("commit", "-qm", "a");
    await write("lib/a b.py", "x = 2\r\n");
    await write("lib/new.py", "y = 1\r\n");
    await chmod(path.join(context, "lib", "new.py"), 0o755);
    const before = await tag();
    assert.notEqual(before, inWorkflow());
    git("add", ".");
    assert.equal(before, inWorkflow());
    assert.equal(await tag(), inWorkflow());
  });
});
