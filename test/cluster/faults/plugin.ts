// A sign-in program whose conduct a test decides, run by the real runner as a real process.
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { type Cleanup, type KubeconfigDraft, temporaryFolder } from "../support.ts";

export type Conduct =
  /** A token `t1`, `t2`, …, a new one each time. */
  | "token"
  /** The same token each time. */
  | "same"
  /** A new token, which by our clock ends in five minutes. */
  | "short"
  /** Never ends, and neither does a child of its own. */
  | "hang"
  | "junk"
  | "fail";

const SCRIPT = `
const fs = require("node:fs");
const [folder] = process.argv.slice(2);
fs.appendFileSync(folder + "/runs", process.pid + "\\n");
const conduct = fs.readFileSync(folder + "/conduct", "utf8");
const count = fs.readFileSync(folder + "/runs", "utf8").split("\\n").length - 1;
if (conduct === "hang") {
  const child = require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" });
  fs.appendFileSync(folder + "/children", child.pid + "\\n");
  setInterval(() => {}, 1000);
} else if (conduct === "junk") console.log("Opening your browser at https://login.example/ ...");
else if (conduct === "fail") {
  console.error("your session has ended");
  process.exit(1);
} else {
  const status = { token: conduct === "same" ? "same" : "t" + count };
  if (conduct === "short") status.expirationTimestamp = new Date(Date.now() + 300000).toISOString();
  console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status }));
}
`;

export class Plugin {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(cleanup: Cleanup, conduct: Conduct = "token"): Promise<Plugin> {
    const plugin = new Plugin(await temporaryFolder(cleanup));
    await fs.writeFile(path.join(plugin.#folder, "plugin.cjs"), SCRIPT);
    await plugin.set(conduct);
    return plugin;
  }

  set(conduct: Conduct): Promise<void> {
    return fs.writeFile(path.join(this.#folder, "conduct"), conduct);
  }

  /** Makes the kubeconfig's user sign in by it. */
  bend(interactiveMode: "Never" | "IfAvailable" | "Always" = "Never"): (draft: KubeconfigDraft) => void {
    return ({ user }) => {
      for (const key of Object.keys(user)) Reflect.deleteProperty(user, key);
      user["exec"] = {
        apiVersion: "client.authentication.k8s.io/v1",
        command: process.execPath,
        args: [path.join(this.#folder, "plugin.cjs"), this.#folder],
        interactiveMode,
      };
    };
  }

  /** How often it ran. */
  async runs(): Promise<number> {
    return (await this.#pids("runs")).length;
  }

  /** Processes of it, and of what it started, that live. */
  async alive(): Promise<number[]> {
    return [...(await this.#pids("runs")), ...(await this.#pids("children"))].filter(isAlive);
  }

  async #pids(file: string): Promise<number[]> {
    const text = await fs.readFile(path.join(this.#folder, file), "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
