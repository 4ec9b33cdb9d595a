// What stands in tasks.json, and in the tasks that we make. Files of a workspace hold anything: every field is checked.

export interface RunDefinition {
  /** Left out where the configuration names it. */
  readonly script?: string;
  /** Of `.vscode/trainyard.json`; the other fields win over it. */
  readonly configuration?: string;
  readonly nodes?: number;
  readonly gpusPerNode?: number;
  readonly image?: string;
  readonly args?: readonly string[];
}

const isCount =
  (least: number) =>
  (value: unknown): boolean =>
    typeof value === "number" && Number.isInteger(value) && value >= least;
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

const FIELDS: Readonly<Record<keyof RunDefinition, readonly [check: (value: unknown) => boolean, wants: string]>> = {
  script: [isText, "the name of a Python file"],
  configuration: [isText, "the name of one in .vscode/trainyard.json"],
  nodes: [isCount(1), "a whole number of 1 or more"],
  gpusPerNode: [isCount(0), "a whole number"],
  image: [isText, "the name of an image"],
  args: [
    (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
    'a list of texts, such as ["--epochs", "20"]',
  ],
};

export const RUN_FIELDS: readonly string[] = Object.keys(FIELDS);

/** The definition where every field is what it should be, else a sentence that names the first which is not. */
export function readRunDefinition(definition: Readonly<Record<string, unknown>>): RunDefinition | string {
  for (const [field, [check, wants]] of Object.entries(FIELDS)) {
    const value = definition[field];
    if (value === undefined && (field !== "script" || definition["configuration"] !== undefined)) continue;
    if (!check(value))
      return `The task's ${field} must be ${wants}; it is ${value === undefined ? "missing" : JSON.stringify(value)}.`;
  }
  const given = Object.keys(FIELDS).filter((field) => definition[field] !== undefined);
  return Object.fromEntries(given.map((field) => [field, definition[field]]));
}
