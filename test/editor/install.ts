// The editor that tests and demonstrations run in: the browser flavour of VS Code from npm's `code-server`, and a
// Chromium to show it. Both are put in place once and kept.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cached, cacheRoot, withLock } from "../../scripts/cache.mjs";
import { run, say, step } from "../../scripts/steps.mjs";

/** The version of code-server under test, */
export const EDITOR_VERSION = "4.139.1";
/** and that of VS Code in it. */
export const VSCODE_VERSION = "1.139.1";
/**
 * The oldest one that the manifest's `engines` (1.134) allows; installed by `test:full` alone. It has VS Code 1.135.0
 * in it, its number notwithstanding, and the one before has 1.133.0: there is no code-server with 1.134.
 */
export const OLDEST_EDITOR_VERSION = "4.134.0";

/** The server is built for one major version of Node, the one its extension host has in the desktop too. */
const NODE_MAJOR = 24;
/** Modules of the server with C++ in them: log files, the watch on the parent process, and terminals. */
const NATIVE = ["@vscode/spdlog", "@vscode/native-watchdog", "node-pty"];

export interface Editor {
  /** Node that runs the server. */
  node: string;
  /** The server's entry, `server-main.js`. */
  server: string;
  /** Version of the code-server package, */
  version: string;
  /** and of the VS Code in it. */
  vscode: string;
}

/** Returns the editor of that version and installs it first where it is missing (about a minute). */
export async function ensureEditor(version: string = EDITOR_VERSION): Promise<Editor> {
  const node = editorNode();
  const recipe = { version, native: NATIVE, node: NODE_MAJOR, platform: process.platform, arch: process.arch };
  const dir = await cached(
    "editor",
    recipe,
    (into: string) => step(`getting VS Code (code-server ${version})`, () => install(node, version, into)),
    { needsGB: 1.5 },
  );
  const root = path.join(dir, "node_modules", "code-server", "lib", "vscode");
  const { version: vscode } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    version: string;
  };
  return { node, server: path.join(root, "out", "server-main.js"), version, vscode };
}

/** Node for the server: the one that runs this, else the project's own out of the cache. */
function editorNode(): string {
  if (process.versions.node.startsWith(`${NODE_MAJOR}.`)) return process.execPath;
  const name = process.platform === "win32" ? "node.exe" : "node";
  const entries = fs.existsSync(cacheRoot()) ? fs.readdirSync(cacheRoot()) : [];
  const found = entries
    .filter((entry) => /^node-[0-9a-f]+$/.test(entry))
    .map((entry) => path.join(cacheRoot(), entry, "node_modules", "node", "bin", name))
    .find((file) => fs.existsSync(file));
  if (found) return found;
  throw new Error(
    `VS Code's server needs Node ${NODE_MAJOR} and this is ${process.versions.node}: start it through one of the npm scripts.`,
  );
}

async function install(node: string, version: string, into: string): Promise<void> {
  const env = { PATH: path.dirname(node) + path.delimiter + (process.env["PATH"] ?? "") };
  fs.writeFileSync(path.join(into, "package.json"), "{}");
  // Install scripts stay off: they compile more than is needed here (Kerberos, for one, wants a system library).
  await npm(["install", "--no-save", "--ignore-scripts", `code-server@${version}`], into, env);
  const vscode = path.join(into, "node_modules", "code-server", "lib", "vscode");
  await npm(["install", "--omit=dev", "--ignore-scripts"], vscode, env);
  await npm(["rebuild", "--ignore-scripts=false", ...NATIVE], vscode, env);
}

async function npm(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  // Under an npm script, npm names its own program: no search, and no `.cmd` file on Windows.
  const cli = process.env["npm_execpath"];
  if (cli && /\.c?js$/.test(cli)) await run(editorNode(), [cli, ...args], { cwd, env });
  else if (process.platform === "win32") await run("cmd.exe", ["/d", "/s", "/c", "npm", ...args], { cwd, env });
  else await run("npm", args, { cwd, env });
}

/** Path of a Chromium or Chrome. On Debian and Ubuntu one is installed where there is none. */
export async function ensureBrowser(): Promise<string> {
  const present = findBrowser();
  if (present) return present;
  return withLock("apt", async () => findBrowser() ?? (await installBrowser()));
}

function findBrowser(): string | undefined {
  const chosen = process.env["TRAINYARD_BROWSER"];
  if (chosen) {
    if (!fs.existsSync(chosen)) throw new Error(`TRAINYARD_BROWSER names ${chosen}, which does not exist.`);
    return chosen;
  }
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter).filter(Boolean), "/usr/bin", "/usr/local/bin"];
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
  const programs = process.env["ProgramFiles"] ?? "C:\\Program Files";
  const fixed = {
    darwin: [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ],
    win32: [
      `${programs}\\Google\\Chrome\\Application\\chrome.exe`,
      `${programs} (x86)\\Microsoft\\Edge\\Application\\msedge.exe`,
    ],
  };
  if (process.platform === "darwin" || process.platform === "win32")
    return fixed[process.platform].find((file) => fs.existsSync(file));
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => fs.existsSync(file) && !isSnapStub(file));
}

/** Ubuntu's `chromium-browser` is a script that starts a snap, whose confinement cannot read our folders. */
function isSnapStub(file: string): boolean {
  const real = fs.realpathSync(file);
  return (
    real === "/usr/bin/snap" ||
    (fs.statSync(real).size < 10_000 && fs.readFileSync(real, "utf8").includes("/snap/bin/"))
  );
}

async function installBrowser(): Promise<string> {
  const help = "Install Chromium or Chrome, or name one in TRAINYARD_BROWSER.";
  if (!fs.existsSync("/usr/bin/apt-get")) throw new Error(`No Chromium or Chrome was found. ${help}`);
  const root = process.getuid?.() === 0;
  const packages = ["chromium", "fonts-liberation", "fonts-dejavu-core"];
  say(
    `installing Debian packages${root ? "" : " with sudo"}: ${packages.join(" ")} (a browser for the editor, and fonts for its screenshots)`,
  );
  const apt = async (...args: string[]) => {
    const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args];
    const [file, ...rest] = root ? command : ["sudo", ...command];
    await run(file ?? "sudo", rest);
  };
  await step("installing Chromium", async () => {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...packages);
  });
  const found = findBrowser();
  if (!found) throw new Error(`apt-get installed no Chromium that can be used here. ${help}`);
  return found;
}
