// What a sandbox remembers between commands, as small JSON files that are replaced whole.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import * as v from "valibot";
import { ServerAct } from "./inside/talk.ts";
import { layoutOf, freeSlot, knownSandboxes, slotsOnMachine } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { processStart } from "./machine.ts";

export const EXTRAS = ["kwok", "pipelines", "argo"] as const;
export type Extra = (typeof EXTRAS)[number];
export const PARTS = ["empty", "bare", "control", "node"] as const;
export type Parts = (typeof PARTS)[number];

const Settings = v.object({
  slot: v.number(),
  /** On 127.0.0.1, the same for as long as the sandbox is known: open windows hold on to it. */
  port: v.optional(v.number()),
});
export type Settings = v.InferOutput<typeof Settings>;

const ProcessIdentity = v.object({ pid: v.number(), started: v.string() });
export type ProcessIdentity = v.InferOutput<typeof ProcessIdentity>;

/** `act` is done once per serial number. */
const Wanted = v.object({
  with: v.array(v.picklist(EXTRAS)),
  act: v.optional(v.object({ serial: v.number(), what: ServerAct })),
});
export type Wanted = v.InferOutput<typeof Wanted>;

const Status = v.object({
  phase: v.picklist(["building", "starting", "ready", "failed", "stopped"]),
  /** What goes on or went wrong, in words. */
  message: v.string(),
  since: v.string(),
  parts: v.picklist(PARTS),
  with: v.array(v.picklist(EXTRAS)),
  /** The last act that was wanted and is done. */
  acted: v.optional(v.number()),
  address: v.string(),
  /** Straight to the API server's own address, without the relay. */
  direct: v.string(),
  /** The process that holds the namespaces. */
  inside: v.optional(ProcessIdentity),
});
export type Status = v.InferOutput<typeof Status>;

function read<T>(file: string, schema: v.GenericSchema<unknown, T>): T | undefined {
  try {
    const result = v.safeParse(schema, JSON.parse(fs.readFileSync(file, "utf8")));
    return result.success ? result.output : undefined;
  } catch {
    return undefined; // Not there, or torn by a crash: as good as not there.
  }
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export function write(file: string, content: unknown): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, JSON.stringify(content, undefined, 1));
  fs.renameSync(`${file}.new`, file);
}

export const readStatus = (layout: Layout): Status | undefined => read(layout.status, Status);
export const readSettings = (layout: Layout): Settings | undefined => read(layout.settings, Settings);
export const readWanted = (layout: Layout): Wanted | undefined => read(layout.wanted, Wanted);

/** The sandbox's slot; chosen now where it has none, or where a stranger uses it. Hold the lock `sandbox-slots`. */
export function chooseSlot(layout: Layout): Settings {
  const own = readSettings(layout);
  const onMachine = slotsOnMachine();
  if (own !== undefined && !onMachine.includes(own.slot)) return own;
  const others = knownSandboxes().filter((name) => name !== layout.name);
  const taken = others.flatMap((name) => readSettings(layoutOf(name))?.slot ?? []);
  const settings: Settings = { ...own, slot: freeSlot([...taken, ...onMachine]) };
  write(layout.settings, settings);
  return settings;
}

export function identity(pid: number): ProcessIdentity {
  return { pid, started: processStart(pid) ?? "" };
}

export function isRunning(who: ProcessIdentity | undefined): who is ProcessIdentity {
  return who !== undefined && who.started !== "" && processStart(who.pid) === who.started;
}

/** The supervisor that runs this sandbox now. */
export function livingSupervisor(layout: Layout): ProcessIdentity | undefined {
  const who = read(layout.supervisor, ProcessIdentity);
  return isRunning(who) ? who : undefined;
}

export function claimSupervisor(layout: Layout): void {
  write(layout.supervisor, identity(process.pid));
}
