// What every window pays for the extension: size and load time of the bundle, and the time of activate(), in the real
// extension host. Beside it, the bundle of whoever puts the Kubernetes client for JavaScript into it as it comes.
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import esbuild from "esbuild";
import { buildExtension, COMMON, ROOT } from "../../scripts/build.ts";
import { EXTENSION_LIMIT } from "../../scripts/package.ts";
import { say, step } from "../../scripts/steps.mjs";
import { ensureBrowser, ensureEditor } from "../editor/install.ts";
import { openEditor } from "../editor/session.ts";
import { coldRequire } from "./coldRequire.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { PROBE_RESULT_VARIABLE, PROBE_RIVAL_VARIABLE, type ProbeResult } from "./probeResult.ts";

const OURS = "ours";
const RIVAL = "client-node in the start bundle";
const SESSIONS = 7;
const PROCESSES = 9;
const SESSION_LIMIT_MS = 90_000;
const FOLDER = path.join(ROOT, "out", "bench", "start");

interface Parts {
  /** An unpacked extension, built as it ships. */
  readonly extension: string;
  readonly start: string;
  readonly engine: string;
  readonly rival: string;
  readonly probe: string;
}

export async function benchStart(onEnd: OnEnd): Promise<Measured> {
  await ensureEditor();
  await ensureBrowser();
  const parts = await step("building the bundles", build);
  const samples = new Samples();
  const kilobytes = (file: string) => fs.statSync(file).size / 1000;
  samples.add(OURS, "bundleKB", kilobytes(parts.start), "KB");
  const sessions: ProbeResult[] = [];
  for (let session = 1; session <= SESSIONS; session++) {
    const result = await step(`editor session ${session} of ${SESSIONS}`, () => inExtensionHost(parts, onEnd));
    const { requireMs, activateMs } = result;
    say(`require ${requireMs.toFixed(1)} ms, activate() ${activateMs.toFixed(1)} ms`);
    samples.add(OURS, "requireMs", requireMs, "ms");
    samples.add(OURS, "activateMs", activateMs, "ms");
    sessions.push(result);
  }
  samples.add(OURS, "kubeBundleKB", kilobytes(parts.engine), "KB");
  samples.add(RIVAL, "bundleKB", kilobytes(parts.rival), "KB");
  for (const { rivalRequireMs } of sessions) samples.add(RIVAL, "requireMs", rivalRequireMs, "ms");
  await step(`${PROCESSES} cold processes for each bundle`, async () => {
    // In turns: whatever else the machine does hits both.
    for (let round = 0; round < PROCESSES; round++) {
      samples.add(OURS, "engineMs", await coldRequire(parts.engine), "ms");
      samples.add(RIVAL, "nodeRequireMs", await coldRequire(parts.rival), "ms");
    }
  });
  return {
    arms: samples.arms,
    goals: [
      { arm: OURS, figure: "bundleKB", atMost: EXTENSION_LIMIT / 1000 },
      { arm: OURS, figure: "requireMs", atMost: 15 },
      { arm: OURS, figure: "activateMs", atMost: 30 },
    ],
    notes: [
      `requireMs and activateMs: ${SESSIONS} fresh sessions of VS Code ${sessions[0]?.vscode ?? ""}, in its extension host when the window has come to rest. ` +
        `engineMs (dist/kube.js, loaded on first use) and nodeRequireMs: ${PROCESSES} cold processes of plain Node.`,
      "Files are in the system's cache, and everything else that the machine did counts: times are upper limits.",
    ],
  };
}

/** Builds beside the checkout's own dist/, which somebody may be using at this moment. */
async function build(): Promise<Parts> {
  fs.rmSync(FOLDER, { recursive: true, force: true });
  const extension = path.join(FOLDER, "extension");
  const dist = path.join(extension, "dist");
  await buildExtension(dist);
  for (const part of ["package.json", "media", "syntaxes"])
    fs.cpSync(path.join(ROOT, part), path.join(extension, part), { recursive: true });
  const rival = path.join(FOLDER, "clientNode.cjs");
  const names = ["KubeConfig", "CustomObjectsApi", "Watch", "Log", "Exec", "PortForward"];
  await esbuild.build({
    ...COMMON,
    // As it comes: with its undici, too.
    alias: {},
    minify: true,
    stdin: { contents: `export { ${names.join(", ")} } from "@kubernetes/client-node";`, resolveDir: ROOT },
    outfile: rival,
  });
  const probe = path.join(FOLDER, "probe.cjs");
  await esbuild.build({
    ...COMMON,
    entryPoints: [path.join(import.meta.dirname, "activationProbe.ts")],
    outfile: probe,
  });
  return { extension, start: path.join(dist, "extension.js"), engine: path.join(dist, "kube.js"), rival, probe };
}

/** One window with a profile of its own, from its start to its end. */
async function inExtensionHost({ extension, probe, rival }: Parts, onEnd: OnEnd): Promise<ProbeResult> {
  const file = path.join(FOLDER, "probe.json");
  fs.rmSync(file, { force: true });
  let said = "";
  const session = await openEditor({
    developmentPaths: [extension],
    testsPath: probe,
    env: { [PROBE_RESULT_VARIABLE]: file, [PROBE_RIVAL_VARIABLE]: rival },
    onOutput: (_channel, text) => (said += text),
  });
  onEnd(session.stop);
  try {
    const late = delay(SESSION_LIMIT_MS, { code: 1, reason: "it took too long" }, { ref: false });
    const { code, reason } = await Promise.race([session.exited, late]);
    if (code !== 0 || !fs.existsSync(file)) throw new Error(`the probe failed (${reason ?? `code ${code}`}): ${said}`);
  } finally {
    await session.stop();
  }
  return JSON.parse(fs.readFileSync(file, "utf8")) as ProbeResult;
}
