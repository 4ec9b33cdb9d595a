// The process behind a sandbox on the host: holds its address from the first second, builds what is missing,
// starts the inside and, when that ends or it is told to stop, clears everything away. Runs detached; what it
// prints is the progress that `up` shows. Arguments: name, parts, extras.
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { acquireLock } from "../../scripts/cache.mjs";
import { run, say } from "../../scripts/steps.mjs";
import { certificate, makeCertificates } from "./certificates.ts";
import { endInside, removeLeftovers } from "./cleanup.ts";
import { lineReader, Report } from "./inside/talk.ts";
import type { Order } from "./inside/talk.ts";
import { writeUserKubeconfigs } from "./kubeconfig.ts";
import { API_PORT, layoutOf, linkOf } from "./layout.ts";
import { giveBack, needPrograms } from "./machine.ts";
import { buildKwok, buildParts } from "./parts/all.ts";
import { buildArgo } from "./parts/argo.ts";
import { buildPipelines } from "./parts/pipelines.ts";
import { openDoor } from "./placeholder.ts";
import type { Door } from "./placeholder.ts";
import { Progress } from "./progress.ts";
import { EXTRAS, PARTS, chooseSlot, claimSupervisor, identity, readWanted, write } from "./state.ts";
import type { Extra, Parts, Settings, Status } from "./state.ts";

const [name = "", partsAsked = "node", ...extrasAsked] = process.argv.slice(2);
const layout = layoutOf(name);
const parts: Parts = PARTS.find((known) => known === partsAsked) ?? "node";
const progress = new Progress();
const running: Extra[] = [];
let settings: Settings;
let door: Door | undefined;
let inside: ChildProcessWithoutNullStreams | undefined;
let phase: Status["phase"] = "building";
/** Renews the status while steps go on. */
let telling: NodeJS.Timeout | undefined;
let stopping: Promise<void> | undefined;
/** Serial number of the last act of wanted.json. */
let acted: number | undefined;
/** Settled by the inside's reports. */
const waiting = new Map<Order["do"], { resolve: () => void; reject: (error: Error) => void }>();

function tellStatus(message = progress.words()): void {
  const { inside: address } = linkOf(settings.slot);
  const status: Status = {
    phase,
    message,
    since: new Date().toISOString(),
    parts,
    with: [...running],
    ...(acted === undefined ? {} : { acted }),
    address: `https://127.0.0.1:${settings.port ?? 0}`,
    direct: `https://${address}:${API_PORT}`,
    ...(inside?.pid === undefined ? {} : { inside: identity(inside.pid) }),
  };
  write(layout.status, status);
}

async function main(): Promise<void> {
  claimSupervisor(layout);
  progress.say("the sandbox is being built");
  await removeLeftovers(layout);
  const release = await acquireLock("sandbox-slots");
  settings = chooseSlot(layout);
  release();
  await makeCertificates(layout);
  await openOurDoor();
  tellStatus();
  telling = setInterval(() => tellStatus(), 1000);
  say(`${door?.port === undefined ? "" : `https://127.0.0.1:${door.port}`} answers from now on`);

  const needed = ["unshare", "setpriv", "mount", "ip"];
  await needPrograms(parts === "node" || parts === "bare" ? [...needed, "iptables"] : needed);
  const built = await buildParts(parts, progress);
  // Only now: what everybody needs is compiled first.
  const extras = await Promise.all(EXTRAS.filter((extra) => extrasAsked.includes(extra)).map(buildExtra));

  phase = "starting";
  progress.say("the sandbox is starting");
  tellStatus();
  const begun = Date.now();
  await startInside();
  await order({ do: "start", slot: settings.slot, ...built });
  for (const extra of extras) await addExtra(extra);
  clearInterval(telling);
  phase = "ready";
  progress.say("ready");
  door?.openTo(linkOf(settings.slot).inside, API_PORT);
  await giveBack(layout.logs, layout.status);
  tellStatus();
  say(`ready, ${((Date.now() - begun) / 1000).toFixed(1)} s after everything was built`);
}

/** The port stays the same for the sandbox's whole life, unless somebody else took it in between. */
async function openOurDoor(): Promise<void> {
  const options = {
    certificate: certificate(layout, "apiserver.crt"),
    key: certificate(layout, "apiserver.key"),
    message: () => progress.words(),
  };
  try {
    door = await openDoor({ ...options, port: settings.port ?? 0 });
  } catch (error) {
    if (settings.port === undefined || !(error instanceof Error && "code" in error && error.code === "EADDRINUSE"))
      throw error;
    say(`port ${settings.port} is another program's now: the sandbox gets a new address`);
    door = await openDoor({ ...options, port: 0 });
  }
  settings = { ...settings, port: door.port };
  write(layout.settings, settings);
  await writeUserKubeconfigs(layout, `https://127.0.0.1:${door.port}`);
}

/** Namespaces of its own for everything inside; a link to this side is all that they share with the machine. */
async function startInside(): Promise<void> {
  const main = path.join(import.meta.dirname, "inside", "main.ts");
  const node = [process.execPath, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", main, layout.name];
  const namespaces = [
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--net",
    "--mount",
    "--propagation",
    "private",
  ];
  // The first process of a pid namespace inherits orphans and has to reap them: a shell does, Node does not.
  // (`exit` keeps the shell from replacing itself by Node.)
  const child = spawn("unshare", [...namespaces, "sh", "-c", '"$@"; exit $?', "sh", ...node], { stdio: "pipe" });
  inside = child;
  const here = new Promise<void>((resolve, reject) => {
    const read = lineReader(Report, (report) => hear(report, resolve), say);
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", (text: string) => say(text.trimEnd()));
    child.stdin.on("error", () => undefined); // Its end is told below.
    child.once("error", reject);
    child.once("exit", () => {
      reject(new Error("the inside ended"));
      for (const order of waiting.values()) order.reject(new Error("the inside ended"));
      if (stopping === undefined) void stop("failed", "the inside of the sandbox ended");
    });
  });
  tellStatus();
  await here;
  const { device, host, prefix } = linkOf(settings.slot);
  await run("ip", ["link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", String(child.pid)]);
  await run("ip", ["addr", "add", `${host}/${prefix}`, "dev", device]);
  await run("ip", ["link", "set", device, "up"]);
}

function hear(report: Report, onHere: () => void): void {
  if (report.what === "here") onHere();
  else if (report.what === "step") say(report.text);
  else if (report.what === "done") waiting.get(report.order)?.resolve();
  else void stop("failed", report.message);
}

async function order(order: Order): Promise<void> {
  const done = new Promise<void>((resolve, reject) => waiting.set(order.do, { resolve, reject }));
  inside?.stdin.write(JSON.stringify(order) + "\n");
  await progress.step(order.do === "start" ? "starting the programs" : `starting ${order.do}`, () => done);
}

/** Two of the extras begin with the same. */
let pipelinesParts: ReturnType<typeof buildPipelines> | undefined;

type ExtraOrder = Extract<Order, { do: Extra }>;

async function buildExtra(extra: Extra): Promise<ExtraOrder> {
  if (extra === "kwok") return { do: extra, ...(await buildKwok(progress)) };
  if (parts !== "node") throw new Error("The pipelines need pods: start the sandbox with --parts node.");
  const pipelines = await (pipelinesParts ??= buildPipelines(progress));
  if (extra === "pipelines") return { do: extra, slot: settings.slot, ...pipelines };
  return { do: extra, slot: settings.slot, pipelines, ...(await buildArgo(progress)) };
}

async function addExtra(extra: ExtraOrder): Promise<void> {
  await order(extra);
  running.push(extra.do);
}

/** Asked by signal while we run: adds the extras that `wanted.json` names and that do not run yet, and does its act. */
async function addWanted(): Promise<void> {
  const wanted = readWanted(layout);
  for (const extra of wanted?.with ?? []) {
    if (!EXTRAS.includes(extra) || running.includes(extra)) continue;
    await addExtra(await buildExtra(extra));
  }
  if (wanted?.act !== undefined && wanted.act.serial !== acted) {
    await order({ do: "server", act: wanted.act.what });
    acted = wanted.act.serial;
  }
  tellStatus();
}

function stop(to: "failed" | "stopped", message: string): Promise<void> {
  stopping ??= (async () => {
    if (to === "failed") say(message);
    phase = to;
    clearInterval(telling);
    await door?.close();
    if (inside?.pid !== undefined) await endInside(identity(inside.pid));
    inside = undefined;
    await removeLeftovers(layout);
    tellStatus(message);
    fs.rmSync(layout.supervisor, { force: true });
    endBuilds();
    process.exit(to === "failed" ? 1 : 0);
  })();
  return stopping;
}

/** What we are still building with: compilers and downloads are in our process group, of which we are the leader. */
function endBuilds(): void {
  try {
    process.kill(-process.pid, "SIGTERM");
  } catch {
    // Started by hand, and so not a leader: then there is no group of ours.
  }
}

const words = (error: unknown) => (error instanceof Error ? error.message : String(error));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
  process.on(signal, () => void stop("stopped", "it was stopped"));
// One after the other, and additions only once the rest runs.
let work = main().catch((error: unknown) => stop("failed", words(error)));
process.on("SIGUSR2", () => {
  work = work.then(addWanted).catch((error: unknown) => stop("failed", words(error)));
});
