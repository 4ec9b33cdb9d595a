import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "../test/editor/until.ts";

const MODULE = pathToFileURL(path.join(import.meta.dirname, "cache.mjs")).href;

/** Fills an entry by halves, and waits between them for the file `go`. */
const BUILD = `async (dir) => {
  fs.appendFileSync(root + "/builds", "b");
  fs.writeFileSync(dir + "/first", "1");
  while (!fs.existsSync(root + "/go")) await new Promise((resolve) => setTimeout(resolve, 20));
  fs.writeFileSync(dir + "/second", "2");
}`;

describe("the cache", () => {
  let root: string;
  let children: { readonly child: ChildProcess; said: string }[];

  beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-cache-"));
    children = [];
  });

  afterEach(() => {
    for (const { child } of children) child.kill("SIGKILL");
    fs.rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  /** A process that asks for the one entry and says where it is. */
  function asks(build = BUILD): (typeof children)[number] {
    const code = `import fs from "node:fs"; import { cached } from ${JSON.stringify(MODULE)};
      const root = process.env.TRAINYARD_CACHE; console.log("at " + (await cached("part", "recipe", ${build}, { needsGB: 0 })));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      env: { ...process.env, TRAINYARD_CACHE: root },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const one = { child, said: "" };
    child.stdout.on("data", (chunk: Buffer) => (one.said += chunk.toString()));
    children.push(one);
    return one;
  }

  const builds = (): number => (fs.existsSync(`${root}/builds`) ? fs.readFileSync(`${root}/builds`).length : 0);
  const begun = (count: number) =>
    until(
      `build ${count}`,
      () => Promise.resolve(builds()),
      (now) => now === count,
    );

  /** Everything but what the test itself has put there. */
  const left = (): string[] =>
    fs.globSync(["part-*", "locks/*"], { cwd: root }).map((name) => name.replace(/[0-9a-f]{16}$/, "HASH"));

  it("makes an entry once, however many processes ask for it, and gives it to all of them whole", async () => {
    const first = asks();
    await begun(1);
    const second = asks();
    await until(
      "the second to wait",
      () => Promise.resolve(second.said),
      (said) => said.includes(`waiting for process ${first.child.pid}`),
    );
    assert.ok(!first.said.includes("at "));
    fs.writeFileSync(`${root}/go`, "");
    const codes = await Promise.all([first, second].map(({ child }) => once(child, "close")));
    assert.deepEqual(codes, [
      [0, null],
      [0, null],
    ]);
    const [place = ""] = /(?<=at ).*/.exec(first.said) ?? [];
    assert.ok(second.said.endsWith(`at ${place}\n`), second.said);
    assert.deepEqual([builds(), fs.readdirSync(place).sort(), left()], [1, ["first", "second"], ["part-HASH"]]);
  });

  it("takes over from a process that died while it built, and clears away its half", async () => {
    const dead = asks();
    await begun(1);
    dead.child.kill("SIGKILL");
    await once(dead.child, "close");
    assert.equal(left().length, 2, "a half and a lock");
    fs.writeFileSync(`${root}/go`, "");
    const next = asks();
    assert.deepEqual(await once(next.child, "close"), [0, null]);
    assert.deepEqual([builds(), left()], [2, ["part-HASH"]]);
  });

  it("keeps nothing of a build that failed", async () => {
    const failing = asks(`(dir) => { fs.writeFileSync(dir + "/first", "1"); throw new Error("no"); }`);
    const [code] = (await once(failing.child, "close")) as [number];
    assert.equal(code, 1);
    assert.deepEqual(left(), []);
  });
});
