// Names of a script as they stand in Python and in a pipeline.
import { posix } from "node:path";

/** https://docs.python.org/3/reference/lexical_analysis.html#keywords, and what pipeline.py imports. */
const RESERVED = new Set(
  (
    "false none true and as assert async await break class continue def del elif else except finally for from global if " +
    "import in is lambda nonlocal not or pass raise return try while with yield match case type dsl compiler kfp args"
  ).split(" "),
);

/** `[a-z][a-z0-9_]*` of any text, `""` where nothing of it is a Latin letter or a digit. */
export function snake(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

/** The id of a step: of `01_Préparer-data.py`, `preparer_data`. */
export function stepName(script: string, number: number): string {
  const name = snake(posix.basename(script).replace(/\.py$/i, "")).replace(/^[\d_]+/, "");
  if (name === "") return `step_${number}`;
  return RESERVED.has(name) ? `${name}_step` : name;
}

/** The name of an argument in the component: `lambda_` of `lambda`, `arg_2d` of `2d`. */
export function parameterName(text: string): string {
  const name = snake(text);
  if (/^\d/.test(name) || name === "") return name === "" ? "argument" : `arg_${name}`;
  return RESERVED.has(name) ? `${name}_` : name;
}

/** The name itself, else with the first number that makes it new; remembers it. */
export function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name}_${n}`;
  taken.add(free);
  return free;
}

const NOISE = new Set(
  "path paths file filename dir directory folder uri location output outputs out in input inputs save saved to from dest destination load artifact artifacts export the trained fitted".split(
    " ",
  ),
);
const SAME: Readonly<Record<string, string>> = {
  ...{ clf: "model", classifier: "model", regressor: "model", estimator: "model", weight: "model", ckpt: "model" },
  ...{ checkpoint: "model", dataset: "data", datum: "data", df: "data", csv: "data", eval: "test", validation: "val" },
};

/** What a name is about, less what says only that it is a file: `output_train_data` and `train-dataset` are `data train`. */
export function topic(name: string): readonly string[] {
  const parts = snake(name).split("_");
  const about = parts.filter((part) => part !== "" && !NOISE.has(part)).map(singular);
  return [...new Set(about.map((part) => SAME[part] ?? part))].sort();
}

function singular(word: string): string {
  return word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

/** What an artifact is called that an argument stands for: `model` of `model_out`, `train_data` of `output_train_data`. */
export function artifactName(name: string): string {
  const parts = snake(name)
    .split("_")
    .filter((part) => !NOISE.has(part));
  return parameterName(parts.join("_") || name);
}
