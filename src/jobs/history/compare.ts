// Runs beside each other, as a text: what they were made of, how they ended, and what they measured.
import { createHash } from "node:crypto";
import { joinArguments } from "../arguments.ts";
import type { LaunchEntry } from "../journal.ts";
import { codeName } from "../manifests/index.ts";
import { needsWords } from "../needs.ts";
import { describeSize, launchKind, outputText } from "../spec.ts";
import type { ChangedFile } from "./codeOfRun.ts";

export interface ComparedRun {
  readonly entry: LaunchEntry;
  /** Last value of each metric in its log. */
  readonly metrics: ReadonlyMap<string, number>;
  /** Against the first run; undefined for the first, and where the code is not kept. */
  readonly changes: readonly ChangedFile[] | undefined;
}

type Row = readonly [title: string, ...values: string[]];

/** A table with a column for each run; rows in which they differ are marked. Pure. */
export function compareText(runs: readonly ComparedRun[], now: (time: number) => string): string {
  const row = (title: string, value: (run: ComparedRun) => string): Row => [title, ...runs.map(value)];
  const spec = (title: string, value: (entry: LaunchEntry) => string): Row => row(title, ({ entry }) => value(entry));
  const settings = [
    spec("launched", ({ time }) => now(time)),
    spec("outcome", ({ end }) => (end === undefined ? "not followed to its end" : `${end.outcome} after ${end.took}`)),
    spec("kind", ({ spec: { kind, runtime } }) => [launchKind(kind), runtime?.name ?? ""].join(" ").trim()),
    spec("cluster", ({ context, namespace }) => `${context} / ${namespace}`),
    spec("size", ({ spec: size }) => describeSize(size)),
    spec("image", ({ spec: { image } }) => (image === "" ? "the runtime’s" : image)),
    spec("digest", ({ end }) => end?.image?.slice(end.image.indexOf("sha256:")).slice(0, 19) ?? ""),
    spec("CPU, memory", ({ spec: { cpu = "", memory = "" } }) => [cpu, memory].filter((one) => one !== "").join(", ")),
    spec("variables", ({ spec: { env } }) => env.map(({ name, value }) => `${name}=${value}`).join(" ")),
    spec("needs", ({ spec: { needs = {} } }) => needsWords(needs).join(", ")),
    spec("script", ({ spec: { script } }) => script.path),
    spec("arguments", ({ spec: { args } }) => joinArguments(args)),
    spec("results", ({ name, spec: { output } }) => (output === undefined ? "" : outputText(output, name))),
    spec("commit", ({ spec: { git } }) =>
      git === undefined ? "" : `${git.commit.slice(0, 12)}${git.dirty ? " and changes" : ""}`,
    ),
    spec("manifest", manifestWords),
    spec("code", ({ code }) => code.hash.slice(0, 12)),
  ].filter(([, ...values]) => values.some((value) => value !== ""));
  const names = [...new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]))].sort();
  const metrics = names.map((name) => row(name, (run) => numberText(run.metrics.get(name))));
  const header: Row = ["run", ...runs.map(({ entry }) => entry.name)];
  const lines = table([
    header,
    ...settings,
    ...(metrics.length === 0 ? [] : [["last metrics", ...runs.map(() => "")] as const]),
    ...metrics,
  ]);
  return [...lines, ...runs.flatMap((run) => changesOf(run, runs[0]))].join("\n") + "\n";
}

/** Of one that a person has made of a plan's, or wrote: with a digest of what it says beside names. */
function manifestWords({ job, code, spec }: LaunchEntry): string {
  if (job === undefined) return "";
  const names = [codeName(spec), spec.id, spec.name];
  const said = names.reduce((text, name) => text.replaceAll(name, ""), JSON.stringify(job.spec));
  const digest = createHash("sha256").update(said).digest("hex").slice(0, 8);
  return `${code.hash === "" ? "written by hand" : "edited"} (${digest})`;
}

function changesOf({ entry, changes }: ComparedRun, first: ComparedRun | undefined): readonly string[] {
  if (changes === undefined || first === undefined) return [];
  const title = `Code of ${entry.name} against ${first.entry.name}:`;
  const lines = changes.map(({ path, kind }) => `  ${kind.padEnd(8)} ${path}`);
  return ["", title, ...(lines.length === 0 ? ["  the same"] : lines)];
}

function numberText(value: number | undefined): string {
  return value === undefined ? "" : Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}

/** Columns as wide as they need; `≠` before a row whose values differ. */
function table(rows: readonly Row[]): readonly string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, at) => Math.max(most[at] ?? 0, cell.length)), []);
  return rows.map(([title, ...values], index) => {
    const differs = index > 0 && new Set(values).size > 1;
    const cells = [title, ...values].map((cell, at) => cell.padEnd(widths[at] ?? 0));
    return `${differs ? "≠" : " "} ${cells.join("   ")}`.trimEnd();
  });
}
