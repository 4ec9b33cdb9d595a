import { codeName, literal, outputFolder } from "./manifests/parts.ts";
import { type LaunchSpec, outputText } from "./spec.ts";
import type { JobObject } from "./types.ts";

/** A run's job as that of another run of the same code: with its id and name, and its own names for code and results. Pure. */
export function renamed(job: JobObject, from: LaunchSpec, to: LaunchSpec): JobObject {
  const names = new Map([[from.id, to.id]]);
  const [before = "", after = ""] = [from, to].map((spec) => outputFolder(spec));
  if (before !== "") names.set(before, after).set(literal(before), literal(after));
  if (from.output !== undefined) names.set(outputText(from.output, from.name), outputText(from.output, to.name));
  const code = codeName(from);
  const changed = (value: string): string => {
    if (value === code || (value.startsWith(`${code}-`) && /^-\d+$/.test(value.slice(code.length))))
      return codeName(to) + value.slice(code.length);
    return names.get(value) ?? value;
  };
  const copy = JSON.parse(JSON.stringify(job), (_, value: unknown) =>
    typeof value === "string" ? changed(value) : value,
  ) as JobObject;
  return { ...copy, metadata: { ...copy.metadata, name: to.name, namespace: to.namespace } };
}
