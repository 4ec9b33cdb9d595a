// New Pipeline from Files…: from step scripts to a pipeline's files, none of which is written here.
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { unlessMissing, UserError } from "../../core/errors.ts";
import { entryFile, entryPath, needsEntry } from "./entryFile.ts";
import { dataOf, DOCKERIGNORE, dockerfile, requirementsOf, type Surroundings } from "./imageFiles.ts";
import { namedImages } from "../images/components.ts";
import { pipelineFile } from "./pipelineFile.ts";
import { makePlan, type Part, type Plan, roleKey, type RoleWish, type Step } from "./plan.ts";
import type { PythonEnvironment } from "../compile/python.ts";
import { type ReadScripts, readScripts, type Script } from "./readScripts.ts";

export interface WrittenFile {
  /** POSIX, relative to the pipeline's folder. */
  readonly path: string;
  readonly text: string;
  /** What stands there now; undefined where there is none. */
  readonly before: string | undefined;
}

/**
 * Reads scripts by the person's own Python, and plans their pipeline. Writes nothing.
 * @param scripts absolute paths
 * @param top the folder that is open: the pipeline's own is not above it
 * @throws UserError where a script is none, Python is missing or nothing of the folder may be run; CancelledError
 */
export async function draftPipeline(
  python: PythonEnvironment,
  scripts: readonly string[],
  top: string,
  signal: AbortSignal,
): Promise<PipelineDraft> {
  const [first = top] = scripts;
  const folder = await pipelineFolder(scripts, top);
  const file = await python.find(first);
  const inside = scripts.map((script) => relative(folder, script).split(sep).join("/"));
  return new PipelineDraft(folder, await readScripts({ file, env: process.env }, folder, inside, signal));
}

/** A pipeline before it is written, and what the person wants otherwise in it. */
export class PipelineDraft {
  readonly folder: string;
  readonly #python: string;
  #scripts: readonly Script[];
  #order: readonly string[] | undefined;
  readonly #roles = new Map<string, RoleWish>();
  #plan: Plan;

  constructor(folder: string, { python, scripts }: ReadScripts) {
    this.folder = folder;
    this.#python = python;
    this.#scripts = scripts;
    this.#plan = this.#make();
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** By one place, to the front (-1) or the back (1); all others stay where they are. */
  move({ script }: Step, by: -1 | 1): void {
    const order = this.#plan.steps.map((step) => step.script.script);
    const at = order.indexOf(script.script);
    const other = order[at + by];
    if (other === undefined) return;
    [order[at], order[at + by]] = [other, script.script];
    this.#order = order;
    this.#plan = this.#make();
  }

  leaveOut({ script }: Step): void {
    this.#scripts = this.#scripts.filter((each) => each !== script);
    this.#order = this.#order?.filter((each) => each !== script.script);
    this.#plan = this.#make();
  }

  setRole({ script }: Step, part: Part, wish: RoleWish): void {
    this.#roles.set(roleKey(script.script, part), wish);
    this.#plan = this.#make();
  }

  /** What a step could take of those before it, the nearest first. */
  offered(step: Step): readonly { readonly from: string; readonly output: string }[] {
    const { steps } = this.#plan;
    const before = steps
      .slice(
        0,
        steps.findIndex(({ id }) => id === step.id),
      )
      .reverse();
    return before.flatMap(({ id, parts }) =>
      parts.filter(({ role }) => role.kind === "output").map(({ name }) => ({ from: id, output: name })),
    );
  }

  files(): Promise<readonly WrittenFile[]> {
    return pipelineFiles(this.folder, this.#plan);
  }

  #make(): Plan {
    const order = this.#order === undefined ? {} : { order: this.#order };
    return makePlan(basename(this.folder), this.#python, this.#scripts, { ...order, roles: this.#roles });
  }
}

const MARKS = ["pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", ".git"];

/**
 * The folder that a pipeline of these scripts is written to: the nearest above all that is a project's, not above `top`.
 * Rejects with UserError `no-scripts` where they are not all in that.
 */
export async function pipelineFolder(scripts: readonly string[], top: string): Promise<string> {
  const [first = top, ...others] = scripts.map(dirname);
  let common = first;
  while (!others.every((folder) => isIn(folder, common)) && dirname(common) !== common) common = dirname(common);
  if (![common, ...others].every((folder) => isIn(folder, top)))
    throw new UserError("no-scripts", "No pipeline was written.", {
      why: "The scripts are not all in one of the folders that are open.",
      hint: "Choose those of one folder.",
    });
  for (let folder = common; isIn(folder, top); folder = dirname(folder)) {
    const marks = await Promise.all(MARKS.map((mark) => stat(join(folder, mark)).catch(() => undefined)));
    if (marks.some((mark) => mark !== undefined)) return folder;
    if (dirname(folder) === folder) break;
  }
  return common;
}

/** True for `top` itself. Another drive of Windows has no way to it that is relative. */
function isIn(folder: string, top: string): boolean {
  const way = relative(top, folder);
  return !isAbsolute(way) && way.split(sep)[0] !== "..";
}

/** All files of the plan, `pipeline.py` first. Images that an earlier one names stay. */
async function pipelineFiles(folder: string, plan: Plan): Promise<readonly WrittenFile[]> {
  const text = (path: string): Promise<string | undefined> => readFile(join(folder, path), "utf8").catch(unlessMissing);
  const around: Surroundings = {
    data: new Set((await Promise.all(plan.steps.flatMap(dataOf).map((path) => found(folder, path)))).flat()),
    requirements: await text("requirements.txt"),
  };
  const images = namedImages((await text("pipeline.py")) ?? "");
  const made: [string, string][] = [
    ["pipeline.py", pipelineFile(plan, new Map(images.map(({ id, image }) => [id, image])))],
    [".dockerignore", DOCKERIGNORE],
  ];
  for (const step of plan.steps) {
    if (needsEntry(step)) made.push([entryPath(step.id), entryFile(step)]);
    made.push([`components/${step.id}/Dockerfile`, dockerfile(plan, step, around)]);
    const own = requirementsOf(step, around);
    if (own?.text !== undefined) made.push([own.path, own.text]);
  }
  return Promise.all(
    made.map(async ([path, written]) => {
      const before = await text(path);
      return { path, text: likeLines(before, written), before };
    }),
  );
}

/** With the line ends of what is there: git may have made them, and they alone are no difference. */
function likeLines(before: string | undefined, text: string): string {
  if (before?.includes("\r\n") !== true) return text;
  return before.replaceAll("\r\n", "\n") === text ? before : text.replaceAll("\n", "\r\n");
}

async function found(folder: string, path: string): Promise<readonly string[]> {
  const there = await stat(join(folder, path)).catch(() => undefined);
  if (there === undefined) return [];
  return there.isDirectory() ? [`${path}/`] : [path];
}
