// Messages between the page on which a run of a pipeline is started and the extension.
import * as v from "valibot";

const line = v.pipe(v.string(), v.maxLength(4_096));
/** A default may be as long as it likes. */
const lines = v.pipe(v.string(), v.maxLength(4_000_000));

/** Everything as a person writes it; "" is what was left out. Read by pipelines/form. */
export const RunFormSchema = v.strictObject({
  name: line,
  experiment: line,
  serviceAccount: line,
  /** Where artifacts are kept; "" for the server's own place. */
  root: line,
  /** Of every step: as the pipeline says, or in spite of it. */
  caching: v.picklist(["as written", "on", "off"]),
  when: v.picklist(["once", "cron", "every"]),
  cron: line,
  /** Minutes. */
  every: line,
  /** Runs of a schedule at a time. */
  atOnce: line,
  catchUp: v.boolean(),
  /** Of the pipeline's inputs, by name. */
  values: v.record(v.string(), lines),
});
export type RunForm = v.InferOutput<typeof RunFormSchema>;

/** From the page. Anything else is refused, see panels/. */
export const FromRunFormSchema = v.variant("type", [
  /** The page is drawn and wants all that is known. */
  v.strictObject({ type: v.literal("ready") }),
  /** The form changed; answered by `preview` with the same `seq`. */
  v.strictObject({ type: v.literal("change"), seq: v.pipe(v.number(), v.integer()), form: RunFormSchema }),
  v.strictObject({ type: v.literal("start") }),
  /** Show the pipeline's graph. */
  v.strictObject({ type: v.literal("graph") }),
]);
export type FromRunForm = v.InferOutput<typeof FromRunFormSchema>;

export type RunField = Exclude<keyof RunForm, "values">;

/** One input of the pipeline, as it is asked for. */
export interface RunInput {
  readonly name: string;
  /** `integer`, `list`: the word that is shown. */
  readonly type: "string" | "integer" | "number" | "boolean" | "list" | "struct";
  readonly description: string;
  /** It may be left empty; then it has this, "" for none. */
  readonly optional: boolean;
  readonly default: string;
  /** The only values that it may have; empty where it may have any. */
  readonly choices: readonly string[];
}

/** What is wrong; `input` where it is one of the pipeline's own. */
export interface RunProblem {
  readonly field?: RunField;
  readonly input?: string;
  readonly text: string;
}

export interface RunPreview {
  readonly problems: readonly RunProblem[];
  /** When it starts, in words; "" for at once. */
  readonly schedule: string;
  /** The next times, as the person's clock has them. */
  readonly next: readonly string[];
  /** What a press of the button does besides, such as an upload. */
  readonly notes: readonly string[];
}

/** What a field may hold. */
export interface RunChoices {
  readonly experiments: readonly string[];
  readonly serviceAccounts: readonly string[];
}

/** What is known of the pipeline that is run. */
export interface RunSubject {
  readonly pipeline: string;
  /** Such as the version, or that it is a file. */
  readonly detail: string;
  readonly description: string;
  /** Cluster, namespace, and the way in that is used. */
  readonly place: string;
  readonly inputs: readonly RunInput[];
  /** Number of steps. */
  readonly steps: number;
}

/** To the page. */
export type ToRunForm =
  | { readonly type: "init"; readonly subject: RunSubject; readonly form: RunForm; readonly preview: RunPreview }
  | { readonly type: "preview"; readonly seq: number; readonly preview: RunPreview }
  | { readonly type: "choices"; readonly choices: RunChoices }
  /** It is being sent, and the page waits. */
  | { readonly type: "busy"; readonly busy: boolean }
  /** What a press of the button led to; "" for nothing to say. */
  | { readonly type: "said"; readonly text: string; readonly isError: boolean };
