import type { PlanAction, StepPart } from "../../contract/preview.ts";
import { duration, plural } from "../../core/text.ts";
import type { Diagnostic, Resource, TerraformEvent } from "./stream.ts";
import { kindWords, thingWords } from "./words.ts";

interface Part {
  readonly resource: Resource;
  readonly what: string;
  readonly action: PlanAction;
  state: StepPart["state"];
  /** Phases that must complete: a replaced thing is removed and made. */
  left: number;
  startedAt: number | undefined;
  elapsedMs: number;
}

/** More are counted and not listed. */
const MAX_PARTS = 5_000;
const MAX_DIAGNOSTICS = 50;
const ACTIONS: readonly string[] = ["create", "update", "replace", "delete", "forget"] satisfies PlanAction[];

/** What a stream of apply has told so far. Its memory is bounded by the resources of the plan. */
export class RunFold {
  readonly diagnostics: Diagnostic[] = [];
  /** Terraform's last line of an apply that went well. */
  complete = false;
  unsupported = false;
  /** The last lines that were no JSON, as of a crash. */
  raw: readonly string[] = [];
  readonly #parts = new Map<string, Part>();

  add(event: TerraformEvent): void {
    switch (event.kind) {
      case "planned":
        if (isAction(event.action)) this.#plan(event.resource, event.action);
        return;
      case "apply":
        this.#apply(event);
        return;
      case "diagnostic":
        if (this.diagnostics.length < MAX_DIAGNOSTICS) this.diagnostics.push(event.diagnostic);
        return;
      case "summary":
        if (event.operation !== "plan") this.complete = true;
        return;
      case "raw":
        this.raw = [...this.raw.slice(-19), event.text];
        return;
      case "unsupported":
        this.unsupported = true;
        return;
      default:
    }
  }

  /** In the order of the plan; `now`: wall time in ms, for what is under way. */
  parts(now: number): StepPart[] {
    return this.#list().map(({ resource, what, action, state, startedAt, elapsedMs }) => ({
      ...{ address: resource.address, what, action, state },
      elapsedMs: state === "running" && startedAt !== undefined ? Math.max(elapsedMs, now - startedAt) : elapsedMs,
    }));
  }

  get done(): number {
    return this.#list().filter(({ state }) => state === "done").length;
  }

  get total(): number {
    return this.#parts.size;
  }

  /** `7 of 19 done · the control plane, 3 min 20 s`. */
  detail(now: number): string {
    if (this.total === 0) return "Terraform starts";
    const running = this.#list().filter(({ state }) => state === "running");
    const [first] = running.sort((a, b) => (a.startedAt ?? now) - (b.startedAt ?? now));
    const counted = `${this.done} of ${this.total} done`;
    if (first === undefined) return counted;
    const others = running.length > 1 ? ` and ${plural(running.length - 1, "other")}` : "";
    return `${counted} · ${kindWords(first.resource)}, ${duration(now - (first.startedAt ?? now))}${others}`;
  }

  /** Begun, and neither done nor failed by what the stream says. */
  inFlight(): Resource[] {
    return this.#list().flatMap(({ state, resource }) => (state === "running" ? [resource] : []));
  }

  /** Failed, or stopped half-way, while they were made: in the state as tainted, or not in it at all. */
  halfMade(): Resource[] {
    const making = this.#list().filter(({ state, action }) => state === "failed" && /create|replace/.test(action));
    return making.map(({ resource }) => resource);
  }

  #list(): Part[] {
    return [...this.#parts.values()];
  }

  #plan(resource: Resource, action: PlanAction): Part | undefined {
    const known = this.#parts.get(resource.address);
    if (known !== undefined || this.#parts.size >= MAX_PARTS) return known;
    const left = action === "replace" ? 2 : 1;
    const part: Part = {
      ...{ resource, what: thingWords(resource), action, state: "waiting" as const },
      ...{ left, startedAt: undefined, elapsedMs: 0 },
    };
    this.#parts.set(resource.address, part);
    return part;
  }

  #apply({ phase, resource, action, elapsedMs, at }: Extract<TerraformEvent, { kind: "apply" }>): void {
    // What is only read while applying was not announced, and makes nothing.
    const part = this.#parts.get(resource.address) ?? (isAction(action) ? this.#plan(resource, action) : undefined);
    if (part === undefined) return;
    part.elapsedMs = Math.max(part.elapsedMs, elapsedMs);
    if (phase === "start") {
      part.startedAt ??= at;
      part.state = "running";
    } else if (phase === "errored") part.state = "failed";
    else if (phase === "complete") {
      part.left -= 1;
      if (part.left <= 0) part.state = "done";
    }
  }
}

function isAction(action: string): action is PlanAction {
  return ACTIONS.includes(action);
}
