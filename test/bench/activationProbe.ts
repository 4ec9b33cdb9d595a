// Runs in the extension host as its test module. Times how our extension, which sleeps until it is asked, is loaded
// and activated, and how long the rival's bundle takes to load in the same process.
import fs from "node:fs";
import Module, { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import * as vscode from "vscode";
import { PROBE_RESULT_VARIABLE, PROBE_RIVAL_VARIABLE, type ProbeResult } from "./probeResult.ts";

interface ExtensionModule {
  readonly activate: (context: vscode.ExtensionContext) => unknown;
  readonly deactivate?: () => unknown;
}
type Load = (this: unknown, request: string, ...rest: unknown[]) => unknown;

interface Times {
  requireMs?: number;
  activateMs?: number;
}

/** The window has come to rest when timers of the extension host have been on time for a second. */
const TICK_MS = 50;
const CALM_TICKS = 20;
const LATE_MS = 5;
const CALM_LIMIT_MS = 20_000;

const loader = Module as typeof Module & { _load: Load };

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension("trainyard.trainyard");
  if (extension === undefined) throw new Error("the extension is not there");
  if (extension.isActive) throw new Error("the extension was awake before anybody asked for it");
  const times: Times = {};
  await calm();
  listen(path.join(extension.extensionPath, "dist", "extension.js"), times);
  await extension.activate();
  // Always after ours: built-in modules that both want are then loaded already, to the rival's advantage.
  const rivalRequireMs = timeRequire(process.env[PROBE_RIVAL_VARIABLE] ?? "");
  const { requireMs, activateMs } = times;
  if (requireMs === undefined || activateMs === undefined)
    throw new Error("this VS Code does not load extensions through Module._load");
  const result: ProbeResult = { vscode: vscode.version, requireMs, activateMs, rivalRequireMs };
  fs.writeFileSync(process.env[PROBE_RESULT_VARIABLE] ?? "", JSON.stringify(result));
}

/** A person asks for the extension when the window is there, not while it is built up; the limit is for a busy machine. */
async function calm(): Promise<void> {
  const end = performance.now() + CALM_LIMIT_MS;
  for (let ticks = 0; ticks < CALM_TICKS && performance.now() < end;) {
    const begun = performance.now();
    await delay(TICK_MS);
    ticks = performance.now() - begun - TICK_MS > LATE_MS ? 0 : ticks + 1;
  }
}

function listen(main: string, times: Times): void {
  const load = loader._load;
  loader._load = function (request, ...rest) {
    if (request !== main) return load.call(this, request, ...rest);
    const begun = performance.now();
    const loaded = load.call(this, request, ...rest) as ExtensionModule;
    times.requireMs = performance.now() - begun;
    // The bundle's own exports are getters that cannot be replaced: the host is given an object of ours.
    return { ...loaded, activate: timed(loaded, times) };
  };
}

function timed({ activate }: ExtensionModule, times: Times): ExtensionModule["activate"] {
  return async (context) => {
    const begun = performance.now();
    const result = await activate(context);
    times.activateMs = performance.now() - begun;
    return result;
  };
}

function timeRequire(file: string): number {
  const begun = performance.now();
  createRequire(file)(file);
  return performance.now() - begun;
}
