import type { FieldPath, Finding } from "../../../contract/preview.ts";

/**
 * Every rule by its code. `file`: it stands in variables.tf as well, so that a hand-edited file is refused like the
 * page refuses it. `page`: it is advice, needs what only a signed-in cloud or this computer knows, or is about what
 * is no variable.
 */
export const RULES = {
  name: "file",
  "name-taken": "page",
  "state-unset": "page",
  "state-bucket": "page",
  "state-prefix": "page",
  project: "file",
  profile: "page",
  region: "file",
  zones: "file",
  "zones-offered": "page",
  version: "file",
  "version-support": "page",
  networks: "file",
  "networks-open": "page",
  "cpu-machine": "file",
  "cpu-region": "file",
  "cpu-nodes": "file",
  "gpu-type": "file",
  "gpu-machine": "file",
  "gpu-count": "file",
  "gpu-region": "file",
  "gpu-region-unknown": "page",
  "gpu-spot": "file",
  "gpu-nodes": "file",
  "many-nodes": "page",
  "local-tool": "page",
  "local-version": "page",
  "local-size": "page",
  "local-gpus": "page",
  "local-volume": "page",
} as const satisfies Record<string, "file" | "page">;

export type RuleCode = keyof typeof RULES;

/** A finding that tells which rule found it. */
export interface RuleFinding extends Finding {
  readonly code: RuleCode;
}

type Instead = Finding["instead"];

export function wrong(code: RuleCode, field: FieldPath, message: string, instead: Instead = []): RuleFinding {
  return { code, field, severity: "error", message, ...(instead.length > 0 && { instead }) };
}

export function warning(code: RuleCode, field: FieldPath, message: string, instead: Instead = []): RuleFinding {
  return { ...wrong(code, field, message, instead), severity: "warning" };
}

/** Values as buttons that bear their own names. At most eight: the list of the field has them all. */
export function values(of: readonly (string | number)[]): NonNullable<Instead> {
  return of.slice(0, 8).map((value) => ({ label: String(value), value }));
}

/** The name with the first number behind it that nobody has; short enough for every place. */
export function freeName(name: string, taken: readonly string[]): string {
  const stem = name.replace(/-\d{1,3}$/, "").slice(0, 28);
  const numbers = Array.from({ length: taken.length + 1 }, (_, index) => `${stem}-${index + 2}`);
  return numbers.find((one) => !taken.includes(one)) ?? name;
}

const compiled = new Map<string, RegExp>();

/** Whether the text matches a pattern of LIMITS. */
export function fits(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) compiled.set(pattern, (expression = new RegExp(pattern)));
  return expression.test(text);
}

/** `1, 2 or 4` */
export function anyOf(words: readonly (string | number)[]): string {
  const last = words.at(-1);
  if (last === undefined) return "none";
  return words.length === 1 ? String(last) : `${words.slice(0, -1).join(", ")} or ${last}`;
}
