// Every word that the page says by itself.
import type { RunField, RunForm, RunInput } from "../../src/contract/runForm.ts";
import { plural, shorten } from "../../src/core/text.ts";
import type { FieldWords } from "../ui/form/fields.ts";

export const FIELDS: Readonly<Record<RunField, FieldWords>> = {
  name: { label: "Name of the run" },
  experiment: {
    label: "Experiment",
    hint: "Runs of one are kept together. One that does not exist is made.",
    example: "the server’s own",
  },
  serviceAccount: { label: "Service account", hint: "What the steps may do.", example: "the server’s own" },
  root: { label: "Place of artifacts", example: "the server’s own" },
  caching: { label: "Results of earlier runs" },
  when: { label: "It starts" },
  cron: {
    label: "Schedule",
    hint: "Minute, hour, day, month, weekday, by the server’s clock: UTC unless it was set otherwise.",
  },
  every: { label: "Every so many minutes" },
  atOnce: { label: "Runs at a time" },
  catchUp: { label: "Also run what was missed, as while the server was away" },
};

export const CACHING: readonly { readonly value: RunForm["caching"]; readonly label: string }[] = [
  { value: "as written", label: "As the pipeline says" },
  { value: "on", label: "Use for every step" },
  { value: "off", label: "Run every step anew" },
];

export const WHEN: readonly { readonly value: RunForm["when"]; readonly label: string }[] = [
  { value: "once", label: "Now, once" },
  { value: "cron", label: "By a schedule" },
  { value: "every", label: "Every so often" },
];

const TYPES: Readonly<Record<RunInput["type"], string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  list: "JSON list",
  struct: "JSON object",
};

export const WORDS = {
  reading: "Reading the pipeline",
  title: (pipeline: string): string => `Run ${pipeline}`,
  inputs: "Inputs",
  noInputs: "The pipeline asks for nothing.",
  /** `whole number · may be empty` */
  about: ({ type, optional, default: own }: RunInput): string =>
    !optional
      ? TYPES[type]
      : own === ""
        ? `${TYPES[type]}, may be empty`
        : `${TYPES[type]}, ${shorten(own, 40)} unless given`,
  empty: (own: string): string => (own === "" ? "(none)" : `(default: ${shorten(own, 40)})`),
  run: "The run",
  when: "When",
  start: "Start Run",
  schedule: "Make Recurring Run",
  sending: "Sending…",
  graph: "Show Graph",
  next: "Next times, as your clock has them",
  steps: (count: number): string => plural(count, "step"),
  happens: "What happens",
  problems: (count: number): string => `${plural(count, "problem")} in the form`,
  ready: "Nothing is missing.",
} as const;
