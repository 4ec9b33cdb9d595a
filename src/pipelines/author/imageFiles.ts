// What the image of a step is built from: Dockerfile, requirements.txt, .dockerignore.
import { posix } from "node:path";
import { entryPath, needsEntry } from "./entryFile.ts";
import type { Plan, Step } from "./plan.ts";

/** What the folder of the pipeline has besides the scripts. */
export interface Surroundings {
  /** Files that scripts read by name, or that are an argument's default. POSIX, relative; a folder ends with a slash. */
  readonly data: ReadonlySet<string>;
  /** Text of its own requirements.txt. */
  readonly requirements: string | undefined;
}

/** Uid of the step's own user. */
const USER = 1000;

export function dockerfile({ name, python }: Plan, step: Step, around: Surroundings): string {
  const { id, script } = step;
  const requirements = requirementsOf(step, around);
  const searched = script.local.searched.map((folder) => (folder === "." ? "/app" : `/app/${folder}`)).sort();
  const env = ["PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"];
  if (searched.length > 0) env.push(`PYTHONPATH=${searched.join(":")}`);
  return [
    `# docker build -f components/${id}/Dockerfile -t ${name}-${id.replaceAll("_", "-")} .   in the folder of pipeline.py`,
    `FROM python:${python}-slim`,
    "",
    `ENV ${env.join(" ")}`,
    "# A step may write where it runs; older servers of Kubeflow Pipelines write below the other three.",
    `RUN useradd --create-home --uid ${USER} step && install -d -o step /app /minio /s3 /gcs`,
    "WORKDIR /app",
    "",
    ...(requirements === undefined
      ? []
      : [copy([requirements.path], "requirements.txt"), "RUN pip install --no-cache-dir -r requirements.txt", ""]),
    ...copies(step, around),
    "",
    `USER ${USER}`,
    "",
  ].join("\n");
}

export interface Requirements {
  readonly path: string;
  /** Where it is the step's own. */
  readonly text?: string;
}

/** The project's own where pip can read them in an image; else what the step imports. Undefined where it needs none. */
export function requirementsOf({ id, script }: Step, { requirements }: Surroundings): Requirements | undefined {
  if (requirements !== undefined && isSelfContained(requirements)) return { path: "requirements.txt" };
  if (script.requirements.length === 0) return undefined;
  return { path: `components/${id}/requirements.txt`, text: `${script.requirements.join("\n")}\n` };
}

/** True where it names no other file or folder. */
function isSelfContained(text: string): boolean {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return !lines.some((line) =>
    /^(-[rce]\b|--(requirement|constraint|editable|find-links)\b|\.|\/|file:)|@ *file:/.test(line),
  );
}

function copies(step: Step, around: Surroundings): readonly string[] {
  const { script } = step;
  const entry = needsEntry(step) ? [entryPath(step.id)] : [];
  const reads = dataOf(step).filter((path) => around.data.has(path) || around.data.has(`${path}/`));
  const files = [...new Set([...script.local.files, ...entry, ...reads])].filter(
    (path) => !around.data.has(`${path}/`),
  );
  const folders = new Map<string, string[]>();
  for (const file of files.sort()) {
    const folder = posix.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const lines = [...folders].map(([folder, inside]) => copy(inside, folder === "." ? "./" : `${folder}/`));
  return [
    ...lines,
    ...reads.filter((path) => around.data.has(`${path}/`)).map((path) => copy([`${path}/`], `${path}/`)),
  ];
}

/** Files that the script looks for beside itself and no earlier step makes. */
export function dataOf({ script, parts }: Step): readonly string[] {
  const made = new Set(
    parts.filter(({ role }) => role.kind === "input" || role.kind === "output").map(({ key }) => key),
  );
  const named = script.files.filter(({ path, reads }) => reads === true && !made.has(path)).map(({ path }) => path);
  const defaults = parts.flatMap(({ argument, role }) =>
    role.kind === "parameter" || role.kind === "left" ? [argument?.default?.value ?? ""] : [],
  );
  return [...new Set([...named, ...defaults.map((path) => posix.normalize(path))])].filter(
    (path) => path !== "" && path !== "." && !/^(\.|\/|[a-z]+:)|[*?[\]\n]/i.test(path),
  );
}

/** Its words as they are, or as JSON where a name has a space or what Docker would read as a pattern or a variable. */
function copy(from: readonly string[], to: string): string {
  const all = [...from, to];
  const text = all.every((path) => /^[\w./@+-]+$/.test(path))
    ? all.join(" ")
    : JSON.stringify(all.map(pattern)).replaceAll('","', '", "');
  return `COPY ${text}`;
}

/** A name that COPY takes for itself: https://docs.docker.com/reference/dockerfile/#copy, and `$` begins a variable. */
function pattern(path: string): string {
  return path.replace(/\[/g, "[[]").replace(/[*?]/g, "[$&]").replaceAll("$", "\\$");
}

export const DOCKERIGNORE = `# What no image needs: secrets stay here, and the context stays small.
**/.*
**/__pycache__
**/*.py[co]
**/*.ipynb
**/node_modules
**/venv
**/env
mlruns
wandb
pipeline.yaml
`;
