// Fields of the wish by their path, `gke.gpu.perNode`.
import type { Wish } from "../../src/contract/wish.ts";

/** The value of a field; undefined where its part is switched off. */
export function getIn(wish: Wish, path: string): unknown {
  let value: unknown = wish;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** A wish that differs in one field. */
export function setIn(wish: Wish, path: string, value: unknown): Wish {
  const copy = structuredClone(wish);
  const names = path.split(".");
  const last = names.pop() ?? "";
  const holder = names.length === 0 ? copy : getIn(copy, names.join("."));
  if (typeof holder === "object" && holder !== null) Reflect.set(holder, last, value);
  return copy;
}

/** Id of a field's element. */
export function fieldId(path: string): string {
  return `f-${path.replaceAll(".", "-")}`;
}
