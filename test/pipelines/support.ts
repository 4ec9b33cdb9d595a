// What the tests of pipelines share: a Python with the real kfp, generated pipelines, their steps run by hand.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { parse } from "yaml";
import { PipelineDraft, readScripts } from "../../src/pipelines/author/index.ts";

/** A Python that has kfp, numpy, scikit-learn, joblib and black; the older one has kfp alone. */
export function kfpPython(which: "newest" | "older" = "newest"): string {
  const name = which === "newest" ? "TRAINYARD_KFP_PYTHON" : "TRAINYARD_KFP_OLDER_PYTHON";
  const file = process.env[name];
  if (file === undefined) throw new Error(`${name} names a Python with kfp; the ring sets it`);
  return file;
}

const folders: string[] = [];

/** A folder with these files, removed at the end of the process. */
export function folderWith(name: string, files: Readonly<Record<string, string>>): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), "trainyard-author-")), name);
  folders.push(path.dirname(folder));
  write(folder, Object.entries(files));
  return folder;
}

process.once("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function write(folder: string, files: readonly (readonly [string, string])[]): void {
  for (const [file, text] of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
}

/** Writes what New Pipeline from Files… would. */
export async function author(folder: string, scripts: readonly string[]): Promise<void> {
  const { signal } = new AbortController();
  const read = await readScripts({ file: kfpPython(), env: process.env }, folder, scripts, signal);
  const files = await new PipelineDraft(folder, read).files();
  write(
    folder,
    files.map(({ path: file, text }) => [file, text]),
  );
}

export interface Executed {
  readonly stdout: string;
  readonly stderr: string;
}

export function python(folder: string, args: readonly string[]): Promise<Executed> {
  return promisify(execFile)(kfpPython(), args, { cwd: folder, maxBuffer: 10_000_000 });
}

/** The compiled pipeline, as far as tests look at it. */
export interface Compiled {
  readonly root: {
    readonly dag: { readonly tasks: Readonly<Record<string, Task>> };
    readonly inputDefinitions?: { readonly parameters?: Readonly<Record<string, Input>> };
  };
  readonly deploymentSpec: { readonly executors: Readonly<Record<string, { readonly container: Container }>> };
}

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
}

interface Input {
  readonly parameterType: string;
  readonly defaultValue?: unknown;
  readonly description?: string;
}

interface Task {
  readonly dependentTasks?: readonly string[];
  readonly inputs?: {
    readonly parameters?: Readonly<Record<string, { readonly componentInputParameter: string }>>;
    readonly artifacts?: Readonly<
      Record<
        string,
        { readonly taskOutputArtifact: { readonly outputArtifactKey: string; readonly producerTask: string } }
      >
    >;
  };
}

const COMPILE = `import os, runpy, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    runpy.run_path("pipeline.py", run_name="__main__")
`;

/** Compiles the `pipeline.py` of each folder with the real SDK, in one process. */
export async function compile(...all: readonly string[]): Promise<readonly Compiled[]> {
  await python(tmpdir(), ["-c", COMPILE, ...all]);
  return all.map((folder) => parse(readFileSync(path.join(folder, "pipeline.yaml"), "utf8")) as Compiled);
}

/**
 * Runs the step as its pod would, by the compiled command, with this folder as the image's, artifacts below `artifacts`
 * and the pipeline's own defaults. Values become text as the launcher makes it: backend/src/v2/component/launcher_v2.go,
 * getPlaceholders.
 */
export async function runStep(folder: string, artifacts: string, compiled: Compiled, task: string): Promise<Executed> {
  const { command, args = [] } = container(compiled, task);
  const { parameters = {}, artifacts: taken = {} } = compiled.root.dag.tasks[task]?.inputs ?? {};
  const place = (from: string, name: string): string => path.join(artifacts, from, name);
  const filled = args.map((arg) =>
    arg
      .replace(/^\{\{\$\.inputs\.parameters\['(.+)'\]\}\}$/, (_, name: string) => {
        const input = parameters[name]?.componentInputParameter ?? "";
        return asText(compiled.root.inputDefinitions?.parameters?.[input]?.defaultValue);
      })
      .replace(/^\{\{\$\.inputs\.artifacts\['(.+)'\]\.path\}\}$/, (_, name: string) => {
        const made = taken[name]?.taskOutputArtifact;
        return place(made?.producerTask ?? "", made?.outputArtifactKey ?? "");
      })
      .replace(/^\{\{\$\.outputs\.(?:artifacts|parameters)\['(.+)'\]\.(?:path|output_file)\}\}$/, (_, name: string) =>
        place(task, name),
      ),
  );
  mkdirSync(path.join(artifacts, task), { recursive: true });
  const [program = "", ...rest] = command;
  if (program !== "python") throw new Error(`the step starts ${program}`);
  return python(folder, [...rest, ...filled]);
}

function container(compiled: Compiled, task: string): Container {
  const found = compiled.deploymentSpec.executors[`exec-${task}`];
  if (found === undefined) throw new Error(`there is no step ${task}`);
  return found.container;
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return JSON.stringify(value);
  // As strconv.FormatFloat(value, 'f', -1, 64): never with an exponent.
  const [digits = "", exponent] = String(Math.abs(value)).split("e");
  if (exponent === undefined) return String(value);
  const [whole = "", rest = ""] = digits.split(".");
  const at = whole.length + Number(exponent);
  const all = whole + rest;
  const plain = at <= 0 ? `0.${"0".repeat(-at)}${all}` : all.padEnd(at, "0");
  return (value < 0 ? "-" : "") + (at > 0 && at < all.length ? `${all.slice(0, at)}.${all.slice(at)}` : plain);
}
