import * as v from "valibot";
import type { PlanAction, PlanWords } from "../../contract/preview.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { fieldsOf, type Resource } from "./stream.ts";
import { type Group, groupOf, groupOrder, kindWords, thingWords } from "./words.ts";

// From `show -json` of a plan: developer.hashicorp.com/terraform/internals/json-format. It has sensitive values in
// clear text: nothing of it is kept or logged, and a value is only said where neither mask marks it.

const ChangeSchema = v.object({
  address: v.string(),
  mode: v.optional(v.string()),
  type: v.string(),
  name: v.string(),
  index: v.optional(v.union([v.string(), v.number()])),
  action_reason: v.optional(v.string()),
  change: v.object({
    actions: v.array(v.string()),
    before: v.optional(v.unknown()),
    after: v.optional(v.unknown()),
    after_unknown: v.optional(v.unknown()),
    before_sensitive: v.optional(v.unknown()),
    after_sensitive: v.optional(v.unknown()),
  }),
});
const PlanSchema = v.object({
  format_version: v.pipe(v.string(), v.regex(/^1\./)),
  resource_changes: v.optional(v.array(ChangeSchema), []),
  output_changes: v.optional(v.record(v.string(), v.unknown()), {}),
});
type Change = v.InferOutput<typeof ChangeSchema>;

export interface ReadPlan {
  readonly words: PlanWords;
  /** What will be made anew, for `expectedTime`. */
  readonly created: readonly Resource[];
}

interface Item {
  readonly action: PlanAction;
  readonly what: string;
  readonly kind: string;
  readonly group: Group;
  readonly resource: Resource;
  /** Why it is replaced or removed, where the plan says so. */
  readonly reason: string;
}

/** Reads the text of `show -json`. Throws UserError `plan-unreadable` without a word of it. */
export function readPlan(json: string): ReadPlan {
  const output = planOf(json);
  const items = output.resource_changes.flatMap((change) => itemOf(change) ?? []);
  const created = items.filter(({ action }) => action === "create" || action === "replace");
  const words = wordsOf(items);
  const outputs = Object.values(output.output_changes).some((change) => !isNothing(fieldsOf(change)["actions"]));
  const sentence = items.length === 0 && outputs ? "changes nothing but outputs" : words.sentence;
  return { words: { ...words, sentence }, created: created.map(({ resource }) => resource) };
}

/**
 * The sensitive values of a plan, longest first. Terraform's own text hides them where they are marked, and not where an
 * attribute repeats one without the mark, as `output` of `terraform_data` does.
 */
export function secretsOf(json: string): readonly string[] {
  const { resource_changes, output_changes } = planOf(json);
  const found = new Set<string>();
  const changes = [...resource_changes.map((each) => each.change), ...Object.values(output_changes).map(fieldsOf)];
  for (const change of changes) {
    collect(change["before"], change["before_sensitive"], found);
    collect(change["after"], change["after_sensitive"], found);
  }
  return [...found].sort((a, b) => b.length - a.length);
}

/** Shorter ones stand in too much else to be taken out by their text. */
const SHORTEST_SECRET = 6;

function collect(value: unknown, mask: unknown, found: Set<string>): void {
  if (typeof value === "string" && mask === true && value.length >= SHORTEST_SECRET) found.add(value);
  if (!isTree(value)) return;
  const masks = branches(mask);
  for (const [key, each] of Object.entries(branches(value))) collect(each, mask === true ? true : masks[key], found);
}

function planOf(json: string): v.InferOutput<typeof PlanSchema> {
  const { success, output } = v.safeParse(PlanSchema, parsed(json));
  if (success) return output;
  throw new UserError("plan-unreadable", "The plan cannot be shown.", {
    why: "Terraform describes it in a form that is not known here.",
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Not a plan; told by the caller.
    return undefined;
  }
}

function isNothing(actions: unknown): boolean {
  return Array.isArray(actions) && actions.every((action) => action === "no-op");
}

function wordsOf(items: readonly Item[]): PlanWords {
  const of = (action: PlanAction): readonly Item[] => items.filter((item) => item.action === action);
  const [creates, changes, replaces, destroys] = [of("create"), of("update"), of("replace"), of("delete")];
  const groups = [...new Set(items.map(({ group }) => group))].sort((a, b) => groupOrder(a) - groupOrder(b));
  const parts = [
    part("makes", creates),
    part("changes", changes),
    part("replaces", replaces),
    part("removes", destroys),
    part("forgets", of("forget")),
  ].filter((words) => words !== "");
  return {
    ...{ creates: creates.length, changes: changes.length, replaces: replaces.length, destroys: destroys.length },
    sentence: parts.length === 0 ? "changes nothing" : parts.join("; "),
    groups: groups.map((title) => ({
      title,
      items: items
        .filter(({ group }) => group === title)
        .map(({ action, what, resource }) => ({ action, what, address: resource.address })),
    })),
  };
}

const NAMED = 8;

/** `makes 3 things: a private network, 2 × a subnet`. */
function part(verb: string, items: readonly Item[]): string {
  if (items.length === 0) return "";
  const ordered = [...items].sort((a, b) => groupOrder(a.group) - groupOrder(b.group));
  const counts = new Map<string, number>();
  for (const { kind, reason } of ordered) {
    const words = reason === "" ? kind : `${kind} (${reason})`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const names = [...counts].map(([words, count]) => (count === 1 ? words : `${count} × ${words}`));
  const more = names.length > NAMED ? [`and ${names.length - NAMED + 1} kinds more`] : [];
  const shown = more.length === 0 ? names : [...names.slice(0, NAMED - 1), ...more];
  return `${verb} ${plural(items.length, "thing")}: ${shown.join(", ")}`;
}

function itemOf(entry: Change): Item | undefined {
  const action = actionOf(entry.change.actions);
  // What is only read makes, changes and costs nothing.
  if (action === undefined || action === "read") return undefined;
  const resource = {
    address: label(entry.address, 300),
    ...{ type: label(entry.type, 100), name: label(entry.name, 100) },
    ...(entry.index !== undefined && { key: typeof entry.index === "string" ? label(entry.index, 100) : entry.index }),
  };
  const reason = REASONS.get(entry.action_reason ?? "") ?? "";
  const empty = action === "create" && isEmptyPool(entry) ? " (empty)" : "";
  const details = [reason, action === "update" ? differences(entry.change) : ""].filter((words) => words !== "");
  const what = `${thingWords(resource)}${empty}${details.length === 0 ? "" : ` (${details.join("; ")})`}`;
  return { action, what, kind: kindWords(resource) + empty, group: groupOf(resource), resource, reason };
}

function actionOf(actions: readonly string[]): PlanAction | undefined {
  if (actions.includes("create") && actions.includes("delete")) return "replace";
  const action = actions[0] ?? "no-op";
  return ["create", "update", "delete", "read", "forget"].find((known): known is PlanAction => known === action);
}

/** `action_reason` of the plan's format, where it tells a person something. */
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    replace_because_tainted: "half made by a run that was stopped or failed",
    replace_because_cannot_update: "this change is not possible in place",
    replace_by_request: "asked for",
    replace_by_triggers: "what it depends on changes",
    delete_because_no_resource_config: "no longer in the files",
    delete_because_count_index: "no longer in the files",
    delete_because_each_key: "no longer in the files",
  }),
);

/** A node pool that starts without nodes: GKE leaves the number out, EKS says 0. */
function isEmptyPool({ type, change }: Change): boolean {
  const after = fieldsOf(change.after);
  if (type === "google_container_node_pool")
    return !(Number(after["initial_node_count"] ?? 0) > 0) && !(Number(after["node_count"] ?? 0) > 0);
  if (type !== "aws_eks_node_group") return false;
  const scaling = Array.isArray(after["scaling_config"]) ? fieldsOf(after["scaling_config"][0]) : {};
  return scaling["desired_size"] === 0;
}

const DIFFERENCES = 4;

/** `autoscaling.0.total_max_node_count 3 → 5`; what either mask marks is never said. */
function differences(change: Change["change"]): string {
  const found: string[] = [];
  const masks = [change.before_sensitive, change.after_sensitive, change.after_unknown] as const;
  walk(change.before, change.after, masks, "", found);
  const more = found.length > DIFFERENCES ? [`and ${found.length - DIFFERENCES} more`] : [];
  return [...found.slice(0, DIFFERENCES), ...more].join(", ");
}

type Masks = readonly [before: unknown, after: unknown, unknown: unknown];

function walk(before: unknown, after: unknown, masks: Masks, at: string, found: string[]): void {
  const [hiddenBefore, hiddenAfter, unknown] = masks;
  if (hiddenBefore === true || hiddenAfter === true) {
    if (JSON.stringify(before) !== JSON.stringify(after)) found.push(`${at} (sensitive)`);
    return;
  }
  if (unknown === true) {
    // What is computed is not said: it may repeat a sensitive value, and no mask marks that.
    if (before !== undefined && before !== null && !isTree(before)) found.push(`${at} (known later)`);
    return;
  }
  if (!isTree(before) && !isTree(after)) {
    if (before !== after && !(before == null && after == null)) found.push(`${at} ${shown(before)} → ${shown(after)}`);
    return;
  }
  const [left, right] = [branches(before), branches(after)];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const next = masks.map((mask) => branches(mask)[key]);
    const path = at === "" ? label(key, 60) : `${at}.${label(key, 60)}`;
    walk(left[key], right[key], [next[0], next[1], next[2]], path, found);
  }
}

function isTree(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function branches(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "none";
  return isTree(value) ? "…" : label(typeof value === "string" ? value : JSON.stringify(value), 60);
}
