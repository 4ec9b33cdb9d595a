import { StringDecoder } from "node:string_decoder";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";

// The stream of `-json`: developer.hashicorp.com/terraform/internals/machine-readable-ui. Unknown types and properties
// are allowed for, another major version of the stream is not. All text in it may come from a cloud, and is made plain here.

export interface Resource {
  /** `module.x.aws_subnet.private["a"]` */
  readonly address: string;
  readonly type: string;
  readonly name: string;
  /** Of `count` or `for_each`. */
  readonly key?: string | number;
}

export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  /** May have several lines. */
  readonly detail: string;
  readonly address?: string;
  readonly file?: string;
  readonly line?: number;
}

type Phase = "start" | "progress" | "complete" | "errored";

/** What readers of the stream act on; of everything else its message. */
export type TerraformEvent =
  /** The stream is of a major version that is not known: nothing after it is read. */
  | { readonly kind: "unsupported"; readonly ui: string }
  | { readonly kind: "planned"; readonly resource: Resource; readonly action: string }
  | { readonly kind: "summary"; readonly operation: string }
  /** `at`: wall time in ms, undefined where the line bears none. */
  | {
      readonly kind: "apply";
      readonly phase: Phase;
      readonly resource: Resource;
      readonly action: string;
      readonly elapsedMs: number;
      readonly at: number | undefined;
    }
  | { readonly kind: "refresh"; readonly resource: Resource }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  /** Terraform waits for the state's lock. */
  | { readonly kind: "lock" }
  | { readonly kind: "message"; readonly text: string }
  /** A line that is not JSON: a crash, or a program around Terraform. */
  | { readonly kind: "raw"; readonly text: string };

type Fields = Readonly<Record<string, unknown>>;

const MAX_LINE = 1_000_000;
const MAX_TEXT = 4_000;

/** Puts the pieces of a stream together, line by line. Holds no more than one line. */
export class StreamParser {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #tooLong = false;
  #refused = false;

  push(chunk: Buffer): TerraformEvent[] {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    const events = lines.flatMap((line) => this.#line(line));
    if (this.#rest.length > MAX_LINE) {
      this.#rest = "";
      this.#tooLong = true;
    }
    return events;
  }

  /** What stands after the last line's end. */
  end(): TerraformEvent[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    return this.#line(rest);
  }

  #line(line: string): TerraformEvent[] {
    if (this.#refused) return [];
    if (this.#tooLong || line.length > MAX_LINE) {
      this.#tooLong = false;
      return [{ kind: "raw", text: "(a line that is too long was left out)" }];
    }
    if (line.trim() === "") return [];
    const event = eventOf(line);
    this.#refused = event?.kind === "unsupported";
    return event === undefined ? [] : [event];
  }
}

/** Undefined for lines that say nothing to a reader. */
function eventOf(line: string): TerraformEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: "raw", text: plain(line) };
  }
  const fields = fieldsOf(value);
  const type = fields["type"];
  if (typeof type !== "string") return { kind: "raw", text: plain(line) };
  if (/^(outputs|resource_drift|state_lock_release|provision_\w+|refresh_complete)$/.test(type)) return undefined;
  return typed(type, fields);
}

function typed(type: string, fields: Fields): TerraformEvent | undefined {
  const ui = text(fields["ui"]);
  if (type === "version") return /^1(\.|$)/.test(ui) ? undefined : { kind: "unsupported", ui: label(ui, 20) };
  if (type === "state_lock_acquire") return { kind: "lock" };
  if (type === "diagnostic") return { kind: "diagnostic", diagnostic: diagnosticOf(fields["diagnostic"]) };
  if (type === "change_summary")
    return { kind: "summary", operation: label(text(fieldsOf(fields["changes"])["operation"]), 20) };
  const of = fieldsOf(fields[type === "planned_change" ? "change" : "hook"]);
  const [resource, action] = [resourceOf(of["resource"]), label(text(of["action"]), 20)];
  if (resource !== undefined) {
    if (type === "planned_change") return { kind: "planned", resource, action };
    if (type === "refresh_start") return { kind: "refresh", resource };
    const phase = (["start", "progress", "complete", "errored"] as const).find((one) => type === `apply_${one}`);
    const [elapsedMs, at] = [count(of["elapsed_seconds"]) * 1000, Date.parse(text(fields["@timestamp"]))];
    if (phase !== undefined)
      return { kind: "apply", phase, resource, action, elapsedMs, at: Number.isFinite(at) ? at : undefined };
  }
  return { kind: "message", text: plain(text(fields["@message"])) };
}

/** A diagnostic as the stream and `validate -json` have it. */
export function diagnosticOf(value: unknown): Diagnostic {
  const fields = fieldsOf(value);
  const range = fieldsOf(fields["range"]);
  const address = label(text(fields["address"]), 300);
  const file = label(text(range["filename"]), 300);
  return {
    severity: fields["severity"] === "warning" ? "warning" : "error",
    summary: plain(text(fields["summary"])),
    detail: plainLines(text(fields["detail"])),
    ...(address !== "" && { address }),
    ...(file !== "" && { file, line: count(fieldsOf(range["start"])["line"]) }),
  };
}

function resourceOf(value: unknown): Resource | undefined {
  const fields = fieldsOf(value);
  const address = label(text(fields["addr"]), 300);
  if (address === "") return undefined;
  const key = fields["resource_key"];
  return {
    ...{ address, type: label(text(fields["resource_type"]), 100), name: label(text(fields["resource_name"]), 100) },
    ...(typeof key === "number" && { key }),
    ...(typeof key === "string" && { key: label(key, 100) }),
  };
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number {
  return typeof value === "number" && value >= 0 && value < 1e9 ? Math.floor(value) : 0;
}

function plain(value: string): string {
  return label(redact(value.slice(0, MAX_TEXT)), 1_000);
}

function plainLines(value: string): string {
  return redact(value.slice(0, MAX_TEXT))
    .split("\n")
    .map((line) => label(line, 1_000))
    .join("\n")
    .trim();
}
