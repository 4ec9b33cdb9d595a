// Fields of the wish by their path, `gke.gpu.perNode`.
import type { Wish } from "./wish.ts";

/** The value of a field; undefined where its part is switched off, and where there is no such field. */
export function fieldOf(wish: Wish, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => {
    const has = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    return has ? Reflect.get(value, name) : undefined;
  }, wish);
}

/** A wish that differs in one field; as it is where there is no such field. */
export function withField(wish: Wish, path: string, value: unknown): Wish {
  if (fieldOf(wish, path) === undefined) return wish;
  const copy = structuredClone(wish);
  const end = path.lastIndexOf(".");
  const holder = end < 0 ? copy : fieldOf(copy, path.slice(0, end));
  if (typeof holder === "object" && holder !== null) Reflect.set(holder, path.slice(end + 1), value);
  return copy;
}
