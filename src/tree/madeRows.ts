import { label } from "../core/sanitize.ts";
import { age, joined } from "../core/text.ts";
import { contextValue } from "../manifest.ts";
import type { MadeRecord } from "../provision/index.ts";
import { iconOf, type Row, type StateIcon } from "./row.ts";

const WORDS: Readonly<Record<MadeRecord["phase"] | "unread", readonly [string, StateIcon]>> = {
  planned: ["planned, not made", ["circle-outline"]],
  making: ["being made", ["loading~spin"]],
  made: ["made", ["circle-filled"]],
  failed: ["not finished", ["warning", "list.warningForeground"]],
  destroying: ["being destroyed", ["loading~spin"]],
  destroyed: ["destroyed", ["circle-slash"]],
  unread: ["its record cannot be read", ["warning", "list.warningForeground"]],
};

/**
 * A cluster that is being made or destroyed, stopped half-way, or left something. `detail`: what it does now, where this
 * window follows it, or why its record cannot be read. Without a record, which was removed a moment ago, the name alone.
 */
export function madeRow(record: MadeRecord | undefined, name: string, detail: string, now: number): Row {
  const phase = record?.phase ?? (detail === "" ? "destroyed" : "unread");
  const [words, icon] = WORDS[phase];
  const place = record === undefined ? "" : placeOf(record);
  const note = label(detail === "" ? (record?.note ?? "") : detail, 400);
  const gone = phase === "destroyed";
  const ended = phase === "failed" || gone;
  const since = ended && record !== undefined ? age(now - record.changedAt) : "";
  return {
    label: label(name, 100),
    description: joined([words, note === "" ? place : label(note, 60), since]),
    ...iconOf(icon),
    tooltip: [label(name, 100), ...(place === "" ? [] : [place]), words, ...(note === "" ? [] : [note])],
    contextValue: contextValue("made", { gone, unfinished: record !== undefined && !gone }),
    spoken: joined([label(name, 100), "cluster", words, place, note], ", "),
  };
}

/** `GKE, us-central1` */
function placeOf({ wish }: MadeRecord): string {
  if (wish.where === "local") return `${wish.local.tool}, this computer`;
  return label(wish.where === "gke" ? `GKE, ${wish.gke.region}` : `EKS, ${wish.eks.region}`, 60);
}
