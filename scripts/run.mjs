// Every npm script is `node scripts/run.mjs <task> [arguments]`. This file needs nothing but some Node:
// it puts the project's own Node into the cache, installs the packages with it and runs the task under it.
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { spawn } from "node:child_process";
import { cached, withLock } from "./cache.mjs";
import { run, step } from "./steps.mjs";

/** The Node that runs everything here: VS Code 1.139's extension host has 24.x. From npm's `node`, 2026-11-22. */
export const NODE_VERSION = "24.21.0";
const OLDEST_NODE = 20;
const begun = Date.now();
const root = path.dirname(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname));

/** What each task runs, as arguments of Node. A `.ts` file runs as it is: Node strips the types. */
const TASKS = {
  start: ["test/start/main.ts"],
  test: ["test/rings/main.ts"],
  "test:unit": ["test/rings/main.ts", "unit"],
  "test:full": ["test/rings/main.ts", "--full"],
  bench: ["test/bench/main.ts"],
  sandbox: ["test/sandbox/main.ts"],
  build: ["scripts/build.ts"],
  lint: ["scripts/lint.ts"],
  format: ["node_modules/prettier/bin/prettier.cjs", "--write", "."],
  package: ["scripts/package.ts"],
  prune: ["scripts/prune.ts"],
  "prove-cloud": ["scripts/proveCloud.ts"],
};

async function main() {
  const [task, ...args] = process.argv.slice(2);
  if (task === undefined || !Object.hasOwn(TASKS, task)) {
    console.error(`usage: npm run <${Object.keys(TASKS).join(" | ")}>`);
    return 2;
  }
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE) {
    console.error(`Node ${process.versions.node} is too old to begin with: ${OLDEST_NODE} or newer is needed.`);
    return 2;
  }
  const node = process.versions.node === NODE_VERSION ? process.execPath : await projectNode();
  // npm and node of the project come first, for whatever the task starts in its turn. `start` tells how long it
  // took from the first moment on.
  const since = task === "start" ? { TRAINYARD_BEGUN: String(begun) } : {};
  const env = { ...process.env, ...since, PATH: path.dirname(node) + path.delimiter + (process.env["PATH"] ?? "") };
  await installPackages(node, env);
  const target = TASKS[/** @type {keyof typeof TASKS} */ (task)];
  return runTask(node, ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", ...target, ...args], env);
}

/**
 * Runs the task in the place of this process: signals are the task's to answer, and this one ends when it has.
 * @param {string} node @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<number>}
 */
function runTask(node, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: root, env, stdio: "inherit" });
    for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
      process.on(signal, () => child.kill(signal));
    }
    // A signal to npm ends the shell between npm and us, which passes nothing on.
    const starter = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === starter) return;
      clearInterval(watch);
      child.kill("SIGTERM");
    }, 1000);
    watch.unref();
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128 + os.constants.signals[signal])));
  });
}

/** Path of the project's Node; fetched from its npm package on first use. */
async function projectNode() {
  const dir = await cached("node", NODE_VERSION, (into) =>
    step(`getting Node ${NODE_VERSION}`, async () => {
      fs.writeFileSync(path.join(into, "package.json"), "{}");
      // The `node` package links the binary of a platform package in an install script of its own, which needs
      // to run: the only one that this project allows.
      await npm(["install", "--no-save", "--ignore-scripts=false", `node@${NODE_VERSION}`], into, process.env);
    }),
  );
  const bin = path.join(dir, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!fs.existsSync(bin))
    throw new Error(`Node ${NODE_VERSION} did not arrive in ${dir}. Remove that folder and try again.`);
  return bin;
}

/** @param {string} node @param {NodeJS.ProcessEnv} env */
async function installPackages(node, env) {
  const lock = fs.readFileSync(path.join(root, "package-lock.json"));
  const want = createHash("sha256").update(lock).update(NODE_VERSION).digest("hex");
  const stamp = path.join(root, "node_modules", ".installed");
  const installed = () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === want;
  if (installed()) return;
  await withLock(`packages-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`, async () => {
    if (installed()) return;
    await step("installing packages", async () => {
      await npm(["ci", "--ignore-scripts"], root, env);
      // esbuild's binary comes in a platform package; its install script only checks it.
      await run(node, [path.join(root, "node_modules", "esbuild", "install.js")], { cwd: root });
    });
    fs.writeFileSync(stamp, want);
  });
}

/** @param {string[]} args @param {string} cwd @param {NodeJS.ProcessEnv} env */
async function npm(args, cwd, env) {
  // Under `npm run`, npm names its own script: no search, and no `.cmd` file on Windows.
  const cli = process.env["npm_execpath"];
  if (cli && /\.c?js$/.test(cli)) return run(process.execPath, [cli, ...args], { cwd, env });
  return process.platform === "win32"
    ? run("cmd.exe", ["/d", "/s", "/c", "npm", ...args], { cwd, env })
    : run("npm", args, { cwd, env });
}

process.exitCode = await main();
