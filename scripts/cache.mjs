// Things that are heavy to make (Node, binaries, images, the editor) are made once and kept outside the
// checkout. An entry is named after its part and a hash of everything that decides its content, is built
// beside its final place and renamed into it, so that a crash leaves no half-made entry behind.
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";

/** Folder that holds all cached parts: $TRAINYARD_CACHE, else the platform's cache folder + `trainyard`. */
export function cacheRoot() {
  const chosen = process.env["TRAINYARD_CACHE"];
  if (chosen) return path.resolve(chosen);
  if (process.platform === "win32") {
    return path.join(process.env["LOCALAPPDATA"] ?? path.join(os.homedir(), "AppData", "Local"), "trainyard");
  }
  if (process.platform === "darwin") return path.join(os.homedir(), "Library", "Caches", "trainyard");
  return path.join(process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache"), "trainyard");
}

/**
 * Returns the folder of a cached part and makes it first where it is missing.
 * @param {string} part plain name of the part, e.g. `node` or `kubernetes`
 * @param {unknown} recipe everything that decides the content (versions, file contents, flags); hashed
 * @param {(dir: string) => Promise<void> | void} build fills an empty folder
 * @param {{ needsGB?: number }} [options] free disk that the build needs, checked before it starts
 * @returns {Promise<string>} absolute path of the finished entry
 */
export async function cached(part, recipe, build, options = {}) {
  const dir = entryPath(part, recipe);
  if (fs.existsSync(dir)) return dir;
  return withLock(`cache-${part}`, async () => {
    if (fs.existsSync(dir)) return dir;
    checkDisk(part, options.needsGB ?? 0.5);
    const aside = `${dir}.building-${process.pid}`;
    removeDeadBuilds(dir);
    fs.mkdirSync(aside, { recursive: true });
    try {
      await build(aside);
      fs.renameSync(aside, dir);
    } catch (error) {
      fs.rmSync(aside, { recursive: true, force: true });
      throw error;
    }
    return dir;
  });
}

/**
 * Where a part's entry is or would be.
 * @param {string} part
 * @param {unknown} recipe
 */
export function entryPath(part, recipe) {
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  return path.join(cacheRoot(), `${part}-${hash}`);
}

/**
 * Runs `work` while no other process holds the lock of that name. A lock whose owner is dead is taken over.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {(holder: number) => void} [onWait] told once, with the process id that holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(name, work, onWait) {
  const release = await acquireLock(name, onWait);
  try {
    return await work();
  } finally {
    release();
  }
}

/**
 * @param {string} name
 * @param {(holder: number) => void} [onWait]
 * @returns {Promise<() => void>} gives the lock back
 */
export async function acquireLock(name, onWait) {
  const file = path.join(cacheRoot(), "locks", `${name}.lock`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let told = false; ;) {
    const holder = tryLock(file);
    if (holder === undefined) return () => fs.rmSync(file, { force: true });
    if (holder !== 0 && !told) {
      told = true;
      if (onWait) onWait(holder);
      else console.log(`waiting for process ${holder}, which is building ${name}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** @param {string} file @returns {number | undefined} the living holder (0: just given back), undefined when we hold it now */
function tryLock(file) {
  if (createExclusive(file)) return undefined;
  const holder = livingHolder(file);
  if (holder !== undefined) return holder;
  // The owner is dead. Only one process may remove its lock, and looks again once it is that one: else a
  // slow one would remove the lock that a quick one has just taken.
  const takeover = `${file}.takeover`;
  if (!createExclusive(takeover)) {
    if (livingHolder(takeover) === undefined) fs.rmSync(takeover, { force: true });
    return 0;
  }
  try {
    if (livingHolder(file) === undefined) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(takeover, { force: true });
  }
  return 0;
}

/**
 * Makes the file with our identity in it, in one step: a reader never sees it empty.
 * @param {string} file @returns {boolean} false where it exists
 */
function createExclusive(file) {
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, JSON.stringify({ pid: process.pid, started: processStart(process.pid) }));
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

/** @param {string} file @returns {number | undefined} 0 where the file has just gone */
function livingHolder(file) {
  try {
    const { pid, started } = JSON.parse(fs.readFileSync(file, "utf8"));
    return isAlive(pid) && started === processStart(pid) ? pid : undefined;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return 0;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/**
 * Start time of a process where the system tells it: a process id alone may have been given to another.
 * @param {number} pid
 */
function processStart(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** @param {string} dir */
function removeDeadBuilds(dir) {
  const parent = path.dirname(dir);
  if (!fs.existsSync(parent)) return;
  for (const name of fs.readdirSync(parent)) {
    if (name.startsWith(`${path.basename(dir)}.building-`)) {
      fs.rmSync(path.join(parent, name), { recursive: true, force: true });
    }
  }
}

/** @param {string} part @param {number} needsGB */
function checkDisk(part, needsGB) {
  const root = cacheRoot();
  fs.mkdirSync(root, { recursive: true });
  const { bavail, bsize } = fs.statfsSync(root);
  const freeGB = (bavail * bsize) / 1e9;
  if (freeGB < needsGB) {
    throw new Error(
      `${part} was not built: it needs ${needsGB} GB of disk under ${root} and ${freeGB.toFixed(1)} GB are free. ` +
        "Free some space, or set TRAINYARD_CACHE to a folder on another disk.",
    );
  }
}
