// Objects of a cluster are read as what they are: JSON of any shape. These helpers never throw and never trust.

export type Json = Readonly<Record<string, unknown>>;

export function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A whole number from 0 to `max`: what is counted with must not be as large as an object says. */
export function whole(value: unknown, max: number): number | undefined {
  const read = number(value);
  return read === undefined ? undefined : Math.min(max, Math.max(0, Math.trunc(read)));
}

/** Wall ms of a Kubernetes time; undefined where it is missing or no time. */
export function time(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** A value of a field selector (apimachinery fields: EscapeValue). */
export function fieldValue(text: string): string {
  return text.replace(/[\\,=]/g, "\\$&");
}
