// The search space of an experiment, as a person writes it in one line.

export interface Parameter {
  readonly name: string;
  readonly parameterType: "int" | "double" | "discrete" | "categorical";
  readonly feasibleSpace:
    | { readonly min: string; readonly max: string; readonly step?: string; readonly distribution?: "logUniform" }
    | { readonly list: readonly string[] };
}

export const PARAMETERS_HELP = "Write ranges and choices, such as lr=0.0001..0.1:log batch-size=16,32,64 epochs=1..10.";

const NAME = /^-*([A-Za-z][\w.-]*)$/;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})(?:/(${NUMBER}))?(:log)?$`);
/** What a shell leaves as it is: Katib hands a trial's command to one. */
const VALUE = /^[\w@%+:./-]+$/;
const MOST = 50;

/** A sentence where it cannot be read. */
export function readParameters(text: string): readonly Parameter[] | string {
  const words = text.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return PARAMETERS_HELP;
  if (words.length > MOST) return `At most ${MOST} parameters.`;
  const found: Parameter[] = [];
  for (const word of words) {
    const at = word.indexOf("=");
    const [, name] = NAME.exec(word.slice(0, Math.max(0, at))) ?? [];
    if (name === undefined) return `${word}: a parameter is name=values. ${PARAMETERS_HELP}`;
    if (found.some((other) => other.name === name)) return `${name} is there twice.`;
    const one = readSpace(name, word.slice(at + 1));
    if (typeof one === "string") return one;
    found.push(one);
  }
  return found;
}

function readSpace(name: string, text: string): Parameter | string {
  const [range, min = "", max = "", step, log] = RANGE.exec(text) ?? [];
  if (range === undefined) return readChoices(name, text.split(","));
  if (!(Number(min) < Number(max))) return `${name}: ${min} is not below ${max}.`;
  if (step !== undefined && !(Number(step) > 0)) return `${name}: a step is above 0.`;
  if (log !== undefined && !(Number(min) > 0)) return `${name}: a logarithmic range begins above 0.`;
  const isWhole = [min, max, step ?? "1"].every((one) => /^[+-]?\d+$/.test(one));
  return {
    name,
    parameterType: isWhole ? "int" : "double",
    feasibleSpace: {
      ...{ min, max },
      ...(step === undefined ? {} : { step }),
      ...(log === undefined ? {} : { distribution: "logUniform" }),
    },
  };
}

function readChoices(name: string, list: readonly string[]): Parameter | string {
  if (list.some((value) => value === "") || list.length < 2)
    return `${name}: give a range such as 1..10, or two values at least, with commas.`;
  const odd = list.find((value) => !VALUE.test(value));
  if (odd !== undefined) return `${name}: ${odd} has characters that a shell would read otherwise.`;
  const isNumbers = list.every((value) => new RegExp(`^${NUMBER}$`).test(value));
  return { name, parameterType: isNumbers ? "discrete" : "categorical", feasibleSpace: { list } };
}
