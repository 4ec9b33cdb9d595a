import type { JobObject } from "../jobs/index.ts";
import type { Parts } from "../kubeflow/parts.ts";
import type { WorkloadKind } from "../kubeflow/workloadKinds.ts";
import type { Answers, Field } from "./fields.ts";
import type { Trial } from "./trial.ts";

/** Kinds that templates make. */
export type TemplateKind = "Experiment" | "InferenceService" | "RayJob";

export type TemplateObject = JobObject<TemplateKind>;

/** What is known before anything is asked. */
export interface TemplateFacts {
  /** Four characters that make a name new. */
  readonly id: string;
  /** Of an experiment: the script that a trial runs, without its ending; of an existing job its name. */
  readonly source?: string;
  /** Of an experiment on a script: the size that a trial has at first, in words. */
  readonly size?: string;
  /** The cluster runs no training jobs: a trial is a Job of one pod. */
  readonly isBatch?: boolean;
}

export interface Template {
  readonly id: "experiment" | "model" | "llm" | "rayJob";
  readonly title: string;
  readonly detail: string;
  readonly kind: TemplateKind;
  /** The folder that its row stands in. */
  readonly what: WorkloadKind;
  /** What the cluster must have; `isShipped` where Install Kubeflow… brings it. */
  readonly part: { readonly name: string; readonly isShipped: boolean; readonly isIn: (parts: Parts) => boolean };
  /** In the order in which they are asked; an answer may change what comes after it. */
  readonly fields: (facts: TemplateFacts, answers: Answers) => readonly Field[];
  /** The object. Pure. `trial` is there for an experiment. */
  readonly build: (answers: Answers, namespace: string, trial?: Trial) => TemplateObject;
}
