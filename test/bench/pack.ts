// How long a project of 20,000 files takes to be ready for sending: the first time, and after one file has changed. Beside
// it `git archive`, which packs what was committed.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { run, say, step } from "../../scripts/steps.mjs";
import { collectSnapshot } from "../../src/jobs/code/snapshot.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";

const FILES = 20_000;
const FOLDERS = 200;
const REPEATS = 5;
const GIT = ["-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"];

export async function benchPack(onEnd: OnEnd): Promise<Measured> {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-bench-pack-"));
  onEnd(() => fs.rmSync(base, { recursive: true, force: true }));
  const root = path.join(base, "project");
  await step(`${FILES.toLocaleString("en-US")} files, committed`, () => makeProject(root));
  const samples = new Samples();
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    const store = path.join(base, `store-${repeat}`);
    const ours = async (): Promise<number> => {
      const begun = performance.now();
      const { files } = await collectSnapshot(path.join(root, "train.py"), { store, choice: "folder", root });
      if (files.length !== FILES) throw new Error(`${files.length} files were packed, not ${FILES}`);
      return performance.now() - begun;
    };
    const git = async (): Promise<number> => {
      const begun = performance.now();
      await run("git", ["archive", "--format=tar.gz", "-o", path.join(base, "git.tar.gz"), "HEAD"], { cwd: root });
      return performance.now() - begun;
    };
    const times = { oursCold: await ours(), gitCold: await git() };
    fs.writeFileSync(path.join(root, "pkg77", "m77.py"), text(77, repeat));
    await run("git", [...GIT, "commit", "-q", "-a", "-m", "x"], { cwd: root });
    const warm = { oursWarm: await ours(), gitWarm: await git() };
    say(
      Object.entries({ ...times, ...warm })
        .map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`)
        .join(", "),
    );
    samples.add("ours", "coldMs", times.oursCold, "ms");
    samples.add("ours", "warmMs", warm.oursWarm, "ms");
    samples.add("git-archive", "coldMs", times.gitCold, "ms");
    samples.add("git-archive", "warmMs", warm.gitWarm, "ms");
  }
  return {
    arms: samples.arms,
    goals: [
      { arm: "ours", figure: "coldMs", atMost: 1500 },
      { arm: "ours", figure: "warmMs", atMost: 150 },
    ],
    notes: [
      `${FILES.toLocaleString("en-US")} Python files of about 1 KB in ${FOLDERS} folders, in git; the files are in the system's cache. ` +
        "ours: choosing, hashing and packing all of it into an archive, by an empty store (cold) and by the same store after one file has changed (warm).",
      "git-archive: `git archive --format=tar.gz HEAD`, which knows only what was committed.",
    ],
  };
}

async function makeProject(root: string): Promise<void> {
  for (let folder = 0; folder < FOLDERS; folder++) {
    fs.mkdirSync(path.join(root, `pkg${folder}`), { recursive: true });
    for (let file = folder; file < FILES - 1; file += FOLDERS)
      fs.writeFileSync(path.join(root, `pkg${file % FOLDERS}`, `m${file}.py`), text(file, 0));
  }
  fs.writeFileSync(path.join(root, "train.py"), "print('hello')\n");
  await run("git", ["init", "-q"], { cwd: root });
  await run("git", [...GIT, "add", "."], { cwd: root });
  await run("git", [...GIT, "commit", "-q", "-m", "x"], { cwd: root });
}

function text(file: number, round: number): string {
  const noise = randomBytes(150).toString("base64");
  return (
    `"""Module ${file}, round ${round}."""\n\n` +
    `VALUE_${file} = "${noise}"\n\n\ndef step(x):\n    return x\n`.repeat(3)
  );
}
