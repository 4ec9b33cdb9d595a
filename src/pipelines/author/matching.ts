// Which output of an earlier step an input means.
import { artifactName, topic } from "./names.ts";

export interface Offered {
  readonly step: string;
  readonly output: string;
  /** As the script names it. */
  readonly name: string;
  readonly type: string;
}

type Likeness = 0 | 1 | 2 | 3 | 4;

/** 4 called the same; 3 the same topic; 2 one is within the other; 1 one of them says only that it is a file; 0 none. */
export function likeness(input: string, output: string): Likeness {
  if (artifactName(input) === artifactName(output)) return 4;
  const [a, b] = [topic(input), topic(output)];
  if (a.length === 0 || b.length === 0) return 1;
  if (a.join("") === b.join("") || [...a].reverse().join("") === b.join("")) return 3;
  const [few, many] = a.length < b.length ? [a, b] : [b, a];
  return few.every((part) => many.includes(part)) ? 2 : 0;
}

const DATA = new Set(["data", "x", "y", "train", "test", "val", "feature", "label", "raw", "clean"]);

/**
 * The latest output that fits. Below the same topic it must be the only one of its step, or the only one that speaks of
 * the script itself (`data` of test.py is `test_data`). What says nothing meets the last step that has outputs alone.
 * @param earlier the steps before, each with its outputs, latest last
 * @param isFile known to be read as a file
 */
export function meet(
  name: string,
  script: string,
  earlier: readonly (readonly Offered[])[],
  isFile: boolean,
): Offered | undefined {
  const latest = earlier.filter((outputs) => outputs.length > 0).reverse();
  for (const wanted of [4, 3] as const) {
    const same = latest.flat().find((each) => likeness(name, each.name) === wanted);
    if (same !== undefined) return same;
  }
  if (!isFile) return undefined;
  const about = topic(name);
  const own = topic(script);
  const fits = ({ type }: Offered): boolean =>
    about.length === 0 || (type === "Model" ? about.includes("model") : about.every((part) => DATA.has(part)));
  for (const wanted of [2, 1] as const)
    for (const outputs of wanted === 1 && about.length === 0 ? latest.slice(0, 1) : latest) {
      const like = outputs.filter((each) => likeness(name, each.name) === wanted && (wanted === 2 || fits(each)));
      const mine = like.filter((each) => topic(each.name).some((part) => own.includes(part)));
      const [only, another] = mine.length > 0 ? mine : like;
      if (only !== undefined && another === undefined) return only;
    }
  return undefined;
}
