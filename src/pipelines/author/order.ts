// In which order steps run.
import { posix } from "node:path";
import { snake } from "./names.ts";

/** What steps are usually called, first to last: getting, cleaning, preparing, tuning, training, testing, shipping. */
const USUAL: readonly RegExp[] = [
  /ingest|download|fetch|extract|collect|generate|acquire|^(load|get|make|create)_/,
  /clean|filter|dedup/,
  /prep|split|transform|process|feature|token|augment|normali|etl/,
  /tun(e|ing)|search|hyper/,
  /train|fit|learn/,
  /test|eval|score|predict|infer|valid|metric|report/,
  /regist|deploy|serv(e|ing)|publish|push|upload|release|export|notif/,
];

/** 0 to 6; 4 for a name that says nothing. */
export function rank(script: string): number {
  const name = snake(posix.basename(script));
  const at = USUAL.findIndex((words) => words.test(name));
  return at === -1 ? 4 : at;
}

interface Ordered {
  readonly id: string;
  readonly script: { readonly script: string };
}

/**
 * As wished; else by the artifacts that one makes and the other takes, and where those say nothing by the numbers that
 * all names begin with, what steps are usually called, and as they were given.
 * @param needs the steps that must come before one, by their ids
 */
export function orderOf<T extends Ordered>(
  steps: readonly T[],
  wished: readonly string[] | undefined,
  needs: (step: T, all: readonly T[]) => readonly string[],
): readonly T[] {
  const at = (step: T): number => wished?.indexOf(step.script.script) ?? -1;
  if (wished !== undefined) return [...steps].sort((a, b) => at(a) - at(b));
  const numbers = steps.map((step) => /^\d+/.exec(posix.basename(step.script.script))?.[0]);
  const areNumbered = numbers.every((number) => number !== undefined);
  const first = steps
    .map((step, given) => ({ step, given, by: areNumbered ? Number(numbers[given]) : rank(step.script.script) }))
    .sort((a, b) => a.by - b.by || a.given - b.given)
    .map(({ step }) => step);
  const left = [...first];
  const done: T[] = [];
  const waiting = new Map(steps.map((step) => [step.id, needs(step, steps)]));
  while (left.length > 0) {
    const isReady = ({ id }: T): boolean =>
      (waiting.get(id) ?? []).every((need) => done.some((step) => step.id === need));
    // A circle is cut where the names cut it.
    const next = left.find(isReady) ?? left[0];
    if (next === undefined) break;
    left.splice(left.indexOf(next), 1);
    done.push(next);
  }
  return done;
}
