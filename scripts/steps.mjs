// Progress of the project's own commands: every step shows what it does, while it does it, and its time.
import { spawn } from "node:child_process";
import process from "node:process";

const begun = Date.now();

/** Seconds since this command began, as `  12.3 s`. */
export function elapsed() {
  return `${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s`;
}

/** @param {string} text a line of progress with the time since the start */
export function say(text) {
  console.log(`${elapsed()}  ${text}`);
}

/**
 * Runs one named step, says when it starts, every 30 s while it goes on, and how long it took.
 * @template T
 * @param {string} title
 * @param {() => Promise<T> | T} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const start = Date.now();
  const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  say(`${title} …`);
  const still = setInterval(() => say(`${title}: still at it after ${seconds()}`), 30_000);
  try {
    const result = await work();
    say(`${title}: ${seconds()}`);
    return result;
  } catch (error) {
    say(`${title}: failed after ${seconds()}`);
    throw error;
  } finally {
    clearInterval(still);
  }
}

/**
 * Runs a program by argv, without a shell. Output is kept and shown only when it fails, unless `show` is set.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, input?: string | Uint8Array }} [options]
 * @returns {Promise<string>} what it wrote to standard output
 */
export function run(file, args, options = {}) {
  const env = options.env ? { ...process.env, ...options.env } : process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env,
      stdio: [
        options.input === undefined ? "ignore" : "pipe",
        options.show ? "inherit" : "pipe",
        options.show ? "inherit" : "pipe",
      ],
    });
    let out = "";
    let tail = "";
    child.stdout?.on("data", (chunk) => {
      out += chunk;
      tail = (tail + chunk).slice(-8000);
    });
    child.stderr?.on("data", (chunk) => {
      tail = (tail + chunk).slice(-8000);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(out);
      else
        reject(
          new Error(`${[file, ...args].join(" ")} ended with ${signal ?? code}${tail ? `:\n${tail.trimEnd()}` : ""}`),
        );
    });
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
}
