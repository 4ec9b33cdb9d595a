// What a template asks for: data, and sentences for what is no answer.
import { isJobName } from "../kube/names.ts";

export interface FieldChoice {
  readonly value: string;
  readonly label: string;
  readonly detail?: string;
}

export interface Field {
  readonly key: string;
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  /** The answer that is there already. */
  readonly initial: string;
  /** The only answers; any text where it is left out. */
  readonly choices?: readonly FieldChoice[];
  /** A sentence where the text is no answer. */
  readonly check?: (text: string) => string | undefined;
}

/** By the fields' keys, as a person wrote them. */
export type Answers = Readonly<Record<string, string>>;

export function answer(answers: Answers, key: string): string {
  return (answers[key] ?? "").trim();
}

export function nameField(what: string, initial: string, max: number): Field {
  return {
    ...{ key: "name", name: "Name", help: `Name of the ${what} in its namespace.`, initial },
    check: (text) =>
      isJobName(text, max)
        ? undefined
        : `A name has at most ${max} lower-case letters, digits and hyphens, and begins with a letter.`,
  };
}

export function countField(field: Omit<Field, "check">, min: number, max: number): Field {
  return {
    ...field,
    check: (text) => {
      const count = Number(text);
      return /^\d+$/.test(text) && count >= min && count <= max ? undefined : `A whole number from ${min} to ${max}.`;
    },
  };
}

export function gpuField(help: string, initial: number, min = 0): Field {
  return countField({ key: "gpus", name: "GPUs", help, initial: String(initial) }, min, 16);
}

/** A Kubernetes quantity of memory. */
export function memoryField(initial: string): Field {
  return {
    ...{ key: "memory", name: "Memory", help: "Memory of each replica, such as 8Gi.", initial },
    check: (text) =>
      /^[1-9]\d*(?:\.\d+)?(?:k|[MGT]|[KMGT]i)$/.test(text) ? undefined : "An amount with its unit, such as 8Gi.",
  };
}

/** A name of something that is in the namespace already; it may be left out. */
export function referenceProblem(text: string): string | undefined {
  return text === "" || /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)
    ? undefined
    : "A name has lower-case letters, digits, dots and hyphens.";
}

/** The amounts of a container; limits equal requests, as GPUs must. */
export function amounts(cpu: string, memory: string, gpus: string): object {
  const all = { cpu, memory, ...(Number(gpus) > 0 ? { "nvidia.com/gpu": gpus } : {}) };
  return { requests: all, limits: all };
}
