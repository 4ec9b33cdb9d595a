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

export type TerraformEvent =
  | { readonly kind: "version"; readonly program: "terraform" | "tofu"; readonly version: string }
  /** The stream is of a major version that is not known: nothing after it is read. */
  | { readonly kind: "unsupported"; readonly ui: string }
  | {
      readonly kind: "planned" | "drift";
      readonly resource: Resource;
      readonly action: string;
      readonly reason?: string;
    }
  | {
      readonly kind: "summary";
      readonly operation: string;
      readonly add: number;
      readonly change: number;
      readonly remove: number;
    }
  /** `at`: wall time in ms, undefined where the line bears none. */
  | {
      readonly kind: "apply";
      readonly phase: Phase;
      readonly resource: Resource;
      readonly action: string;
      readonly elapsedMs: number;
      readonly at: number | undefined;
    }
  | { readonly kind: "provision"; readonly phase: Phase; readonly resource: Resource; readonly output?: string }
  | { readonly kind: "refresh"; readonly phase: Phase; readonly resource: Resource }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly kind: "lock"; readonly phase: "acquire" | "release" }
  /** Values only of what is not sensitive. */
  | { readonly kind: "outputs"; readonly outputs: Readonly<Record<string, Output>> }
  /** `init`, `log`, and the message of whatever else there is. */
  | { readonly kind: "message"; readonly type: string; readonly text: string }
  /** A line that is not JSON: a crash, or a program around Terraform. */
  | { readonly kind: "raw"; readonly text: string };

export interface Output {
  readonly sensitive: boolean;
  readonly value?: unknown;
}

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
    this.#refused = event.kind === "unsupported";
    return [event];
  }
}

function eventOf(line: string): TerraformEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: "raw", text: plain(line) };
  }
  const fields = fieldsOf(value);
  const type = fields["type"];
  if (typeof type !== "string") return { kind: "raw", text: plain(line) };
  return typed(type, fields) ?? { kind: "message", type: label(type, 60), text: plain(text(fields["@message"])) };
}

function typed(type: string, fields: Fields): TerraformEvent | undefined {
  const [, family = "", phase = ""] = /^(apply|provision|refresh)_(start|progress|complete|errored)$/.exec(type) ?? [];
  if (family !== "") return hookEvent(family, phase, fields);
  switch (type) {
    case "version":
      return versionEvent(fields);
    case "planned_change":
    case "resource_drift":
      return changeEvent(type === "planned_change" ? "planned" : "drift", fieldsOf(fields["change"]));
    case "change_summary": {
      const changes = fieldsOf(fields["changes"]);
      const [add, change, remove] = [count(changes["add"]), count(changes["change"]), count(changes["remove"])];
      return { kind: "summary", operation: label(text(changes["operation"]), 20), add, change, remove };
    }
    case "diagnostic":
      return { kind: "diagnostic", diagnostic: diagnosticOf(fields["diagnostic"]) };
    case "state_lock_acquire":
    case "state_lock_release":
      return { kind: "lock", phase: type === "state_lock_acquire" ? "acquire" : "release" };
    case "outputs":
      return { kind: "outputs", outputs: outputsOf(fields["outputs"]) };
    default:
      return undefined;
  }
}

function versionEvent(fields: Fields): TerraformEvent {
  const ui = text(fields["ui"]);
  if (!/^1(\.|$)/.test(ui)) return { kind: "unsupported", ui: label(ui, 20) };
  const program = typeof fields["tofu"] === "string" ? "tofu" : "terraform";
  return { kind: "version", program, version: label(text(fields[program]), 40) };
}

function changeEvent(kind: "planned" | "drift", change: Fields): TerraformEvent | undefined {
  const resource = resourceOf(change["resource"]);
  if (resource === undefined) return undefined;
  const action = label(text(change["action"]), 20);
  const reason = text(change["reason"]);
  return { kind, resource, action, ...(reason !== "" && { reason: label(reason, 60) }) };
}

function hookEvent(family: string, phase: string, fields: Fields): TerraformEvent | undefined {
  const hook = fieldsOf(fields["hook"]);
  const resource = resourceOf(hook["resource"]);
  if (resource === undefined || !isPhase(phase)) return undefined;
  if (family === "refresh") return { kind: "refresh", phase, resource };
  if (family === "provision") {
    const output = plain(text(hook["output"]));
    return { kind: "provision", phase, resource, ...(output !== "" && { output }) };
  }
  const at = Date.parse(text(fields["@timestamp"]));
  return {
    ...{ kind: "apply", phase, resource, action: label(text(hook["action"]), 20) },
    ...{ elapsedMs: count(hook["elapsed_seconds"]) * 1000, at: Number.isFinite(at) ? at : undefined },
  };
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

/** Outputs as the stream and `output -json` have them; the value of a sensitive one is dropped here and nowhere kept. */
export function outputsOf(value: unknown): Readonly<Record<string, Output>> {
  const entries = Object.entries(fieldsOf(value)).map(([name, each]): [string, Output] => {
    const fields = fieldsOf(each);
    const sensitive = fields["sensitive"] !== false;
    return [label(name, 100), { sensitive, ...(!sensitive && "value" in fields && { value: fields["value"] }) }];
  });
  return Object.fromEntries(entries);
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

function isPhase(phase: string): phase is Phase {
  return ["start", "progress", "complete", "errored"].includes(phase);
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
