import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { wheel } from "../../../test/cluster/wheel.ts";
import { skipBecause } from "../../../test/rings/skip.ts";
import { START_PROGRAM, type StartPlan } from "./startProgram.ts";

const run = promisify(execFile);

describe("the program that starts a script", () => {
  let base: string;
  const at = (...parts: readonly string[]): string => path.join(base, ...parts);

  beforeEach(async function () {
    base = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-start-")));
    const found = await run("python3", ["-c", "import fcntl, venv"]).catch(() => undefined);
    if (found === undefined) skipBecause(this, "there is no python3 with venv");
  });
  afterEach(() => fs.rm(base, { recursive: true, force: true }));

  async function write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await fs.mkdir(path.dirname(at(name)), { recursive: true });
      await fs.writeFile(at(name), content);
    }
  }

  const module = (name: string, version: string): Buffer =>
    wheel(name, version, `VERSION = '${version}'\ndef main(): print(VERSION)\n`, `say-${name}`);
  /** As an installer leaves it. */
  const installed = (folder: string, name: string, version: string): Record<string, string> => ({
    [`${folder}/${name}.py`]: `VERSION = '${version}'\n`,
    [`${folder}/${name}-${version}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${folder}/${name}-${version}.dist-info/RECORD`]: `${name}.py,,\n`,
  });

  it("installs into a virtual environment's image only what that has not, and leaves it as it is", async function () {
    this.timeout(60_000);
    await run("python3", ["-m", "venv", "--without-pip", at("venv")]);
    const [version = ""] = await fs.readdir(at("venv", "lib"));
    const library = path.join("venv", "lib", version, "site-packages");
    // The computer's own, which is faster than a new one; without it the program brings one along.
    const pip = await run("python3", ["-c", "import pip; print(pip.__path__[0])"]).catch(() => undefined);
    if (pip !== undefined) await fs.symlink(pip.stdout.trim(), at(library, "pip"));
    await write({
      ...{ ...installed(library, "present", "1.0"), ...installed(library, "older", "1.0") },
      "wheels/present-1.0-py3-none-any.whl": module("present", "1.0"),
      "wheels/older-2.0-py3-none-any.whl": module("older", "2.0"),
      "wheels/fresh-3.0-py3-none-any.whl": module("fresh", "3.0"),
      "code/requirements.txt": `--no-index\n--find-links ${at("wheels")}\npresent\nolder>=2\nfresh\n`,
      "code/train.py": [
        "import subprocess, sys, present, older, fresh",
        "print(sys.prefix, present.__file__, older.VERSION, fresh.VERSION)",
        "print(subprocess.check_output(['say-older']).decode())",
      ].join("\n"),
    });
    await fs.mkdir(at("packages"));
    const plan: StartPlan = {
      ...{ folder: at("code"), path: [] },
      requirements: { file: at("code", "requirements.txt"), into: at("packages") },
    };
    await write({ "start/start.py": START_PROGRAM, "start/start.json": JSON.stringify(plan) });
    const before = (await fs.readdir(at(library))).filter((name) => !name.startsWith("_"));
    const start = async (): Promise<string> => {
      const env = { ...process.env, PATH: `${at("venv", "bin")}${path.delimiter}${process.env["PATH"] ?? ""}` };
      return (await run("python3", ["-u", at("start", "start.py"), "python3", "-u", "train.py"], { env })).stdout;
    };
    const said = await start();
    assert.match(said, /Requirement already satisfied: present/);
    assert.ok(said.includes(`${at("venv")} ${at(library, "present.py")} 2.0 3.0\n2.0\n`), said);
    const made = await fs.readdir(at("packages", "layer", "lib", version, "site-packages"));
    assert.ok(made.includes("fresh.py") && made.includes("older.py") && !made.includes("present.py"), made.join());
    const after = (await fs.readdir(at(library))).filter((name) => !name.startsWith("_"));
    assert.deepEqual(after, before);
    assert.doesNotMatch(await start(), /Requirement already satisfied/, "once in a pod");
  });
});
