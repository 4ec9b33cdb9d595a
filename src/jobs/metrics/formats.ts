// What one line of a log says in numbers, whatever its format. Pure, and linear in the line: it is hostile text.
import { isNoise, isResult, position } from "./names.ts";

/** What a line says: its metrics in order, and where in the training it stands. */
export interface Said {
  readonly metrics: readonly (readonly [name: string, value: number])[];
  readonly step?: number;
  readonly epoch?: number;
  /** As the line itself tells it, ms since 1970. */
  readonly time?: number;
}

/** A name and its number, and how they were joined. */
interface Pair {
  /** With the words before it that belong to it: `Train loss`. */
  readonly name: string;
  readonly word: string;
  readonly value: number;
  readonly join: "=" | ":" | " ";
  /** `9819/10000` */
  readonly of?: number;
}

// A name begins where a word does; a number ends where no date, version, path, time or unit goes on.
const NUMBER = String.raw`[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf(?:inity)?)`;
const END = String.raw`(?![\w/]|[.:,]\w|-\w)`;
const PAIR = new RegExp(
  String.raw`(?<![\w./@-])([a-z_][\w./@-]{0,99})(\s{0,9}=\s{0,9}|\s{0,9}:\s{0,9}|\s{1,20})[[(]?` +
    String.raw`(?:(?:tensor|np\.float\d+)\()?\s{0,9}(${NUMBER})(?:/(\d+(?:\.\d+)?))?%?${END}`,
  "gi",
);
/** A word before a name that tells it from others: `Train loss`, `learning rate`. */
const QUALIFIER =
  /(?:^|[^\w])((?:(?:train(?:ing)?|val(?:idation)?|test|eval(?:uation)?|dev|average|avg|mean|best|final|total|learning)\s){1,2})$/i;
/** `Epoch 0:  50%|█████     | 5/10 [00:01<00:00, 8.5it/s, …]`, as tqdm and Lightning draw it. */
const BAR = /^(?:[^|]{0,200}?)\d{1,3}%\|[^|]{0,300}\|\s*(\d+)\/(\d+)\s*\[/;
/** `Namespace(lr=0.1, …`, `TrainingArguments(`: what an object was made with. */
const CALL = /(?:^|[\s=:])[A-Z]\w{0,99}\(\s*\w+=/;
const MAY_HOLD = /[=:}]|loss|acc|epoch|step/i;

/**
 * Reads a line. What decides whether a number is a metric:
 * - in `{metricName: …, metricValue: …}` (Katib) always;
 * - by a name that nobody gives to anything but a result (`loss`, `val_acc`, `f1`, see names.ts), wherever it stands;
 * - by any other name, where `=`, `: ` or a dictionary joins the two, if the same line also says a step, an epoch or such
 *   a result: `lr=0.1 step=10` is a curve, `lr=0.1 batch_size=32` is a configuration. Known settings never are.
 * A number that goes on as a date, a version, a time of day, a path or a unit is none.
 */
export function readLine(line: string): Said | undefined {
  if (!MAY_HOLD.test(line)) return undefined;
  const dictionary = line.endsWith("}") ? readDictionary(line) : undefined;
  if (dictionary !== undefined) return dictionary;
  if (CALL.test(line)) return undefined;
  return sift(pairsOf(line), BAR.exec(line));
}

function pairsOf(line: string): Pair[] {
  const pairs: Pair[] = [];
  for (const match of line.matchAll(PAIR)) {
    const [, word = "", between = "", number = "", of] = match;
    const join = between.includes("=") ? "=" : between.includes(":") ? ":" : " ";
    // `host:8080`, `a:1` name a place; `loss:0.3` is told by its name.
    if (join === ":" && !/\s$/.test(between) && !isResult(word) && position(word) === undefined) continue;
    const before = QUALIFIER.exec(line.slice(Math.max(0, match.index - 24), match.index))?.[1] ?? "";
    pairs.push({
      name: before + word,
      word,
      value: toNumber(number),
      join,
      ...(of === undefined ? {} : { of: Number(of) }),
    });
  }
  return pairs;
}

function sift(pairs: readonly Pair[], bar: RegExpExecArray | null): Said | undefined {
  const places: { step?: number; epoch?: number } = {};
  const rest: Pair[] = [];
  let trains = bar !== null;
  for (const pair of pairs) {
    const place = position(pair.word);
    if (place === undefined) rest.push(pair);
    else if (Number.isFinite(pair.value)) {
      trains = true;
      if (place !== "batch") places[place] ??= pair.value;
    }
  }
  trains ||= rest.some(({ word }) => isResult(word));
  const metrics = rest
    .filter(({ word, join }) => isResult(word) || (trains && join !== " " && !isNoise(word)))
    .map(({ name, value, of }) => [name, of === undefined ? value : value / of] as const);
  if (metrics.length === 0 && places.epoch === undefined) return undefined;
  const steps = bar === null ? places : { step: barStep(bar, places.epoch), ...places };
  return { metrics, ...steps };
}

/** A bar counts within its epoch; from the start where it names the epoch. */
function barStep([, done, all]: RegExpExecArray, epoch = 0): number {
  return Number(done) + epoch * Number(all);
}

type Entries = readonly (readonly [key: string, value: unknown])[];

const FLAT_ENTRY =
  /\s{0,9}(?:(['"]?)([a-z_][^'":{}[\],]{0,99})\1)\s{0,9}:\s{0,9}(?:(['"])([^'"]{0,500})\3|([^'",{}[\]]{1,100}))\s{0,9}(?:,|(?=\}$))/iy;

/** JSON, a dictionary as Python prints it, or Katib's; at the end of the line, after whatever a logger puts before it. */
function readDictionary(line: string): Said | undefined {
  const text = line.slice(line.indexOf("{"));
  const entries = json(text) ?? flat(text);
  if (entries === undefined) return undefined;
  const values = new Map(entries);
  const katib = values.get("metricName");
  const value = toValue(values.get("metricValue"));
  const time = timeOf(values);
  if (typeof katib === "string" && value !== undefined)
    return { metrics: [[katib, value]], ...(time === undefined ? {} : { time }) };
  const pairs = entries.flatMap(([name, entry]): Pair[] => {
    const number = name === "time" ? undefined : toValue(entry);
    return number === undefined ? [] : [{ name, word: name, value: number, join: "=" }];
  });
  const said = sift(pairs, null);
  return said === undefined || time === undefined ? said : { ...said, time };
}

function json(text: string): Entries | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? Object.entries(value) : undefined;
  } catch {
    return undefined; // Not JSON, or with NaN, which JSON has not.
  }
}

function flat(text: string): Entries | undefined {
  const entries: [string, unknown][] = [];
  for (FLAT_ENTRY.lastIndex = 1; FLAT_ENTRY.lastIndex < text.length - 1;) {
    const match = FLAT_ENTRY.exec(text);
    if (match === null) return undefined;
    entries.push([(match[2] ?? "").trim(), (match[4] ?? match[5] ?? "").trim()]);
  }
  return entries;
}

function toValue(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && WHOLE_NUMBER.test(value) ? toNumber(value) : undefined;
}

const WHOLE_NUMBER = new RegExp(`^${NUMBER}$`, "i");

/** A number as programs print it, `nan` and `inf` in any of their spellings. */
export function toNumber(text: string): number {
  if (/nan$/i.test(text)) return Number.NaN;
  if (/inf/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

function timeOf(values: ReadonlyMap<string, unknown>): number | undefined {
  const value = values.get("timestamp") ?? values.get("time") ?? values.get("ts");
  if (typeof value === "string") return lineTime(value);
  // Seconds or milliseconds since 1970; a smaller number is a duration.
  if (typeof value !== "number" || value < 1e9) return undefined;
  return Math.round(value < 1e11 ? value * 1000 : value);
}

const TIME = /^\W{0,2}(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,3}))?\d{0,6}\s?(Z|[+-]\d\d:?\d\d)?/;

/** The time at the beginning of a line, ms since 1970: RFC 3339 or as Python logs it; UTC where no zone is said. */
export function lineTime(line: string): number | undefined {
  const [, day, clock, fraction = "0", zone = "Z"] = TIME.exec(line) ?? [];
  if (day === undefined || clock === undefined) return undefined;
  const time = Date.parse(`${day}T${clock}.${fraction.padEnd(3, "0")}${zone.replace(/(\d\d)(\d\d)$/, "$1:$2")}`);
  return Number.isNaN(time) ? undefined : time;
}
