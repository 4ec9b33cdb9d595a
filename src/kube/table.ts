import { GarbledStreamError, isRecord } from "./watchEvents.ts";

/** Media type of a table (API concepts, "Receiving resources as Tables"). Without a second choice, so that a server without tables says 406. */
export const TABLE_TYPE = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** The server sent something else where a table was asked for. */
export class NoTableError extends Error {
  constructor() {
    super("The server sends no tables.");
    this.name = "NoTableError";
  }
}

interface Column {
  readonly name: string;
  /** Its cells are ages, such as `2m5s`: how long ago, seen from when the server wrote them. */
  readonly isAge: boolean;
}

/** What the server prints of one object, without the object (`includeObject=None`). Its texts are the cluster's: hostile. */
export class TableRow {
  readonly name: string;
  readonly namespace: string;
  readonly #columns: readonly Column[];
  readonly #cells: readonly unknown[];
  /** Wall time, ms. */
  readonly #readAt: number;
  /** What an earlier row of this name said of the time: ages become coarser, and a row must not move for that. */
  readonly #before: number | undefined;

  constructor(
    name: string,
    namespace: string,
    columns: readonly Column[],
    cells: readonly unknown[],
    readAt: number,
    before?: number,
  ) {
    this.#before = before;
    this.name = name;
    this.namespace = namespace;
    this.#columns = columns;
    this.#cells = cells;
    this.#readAt = readAt;
  }

  /** The cell of a column, such as `State`; empty where there is no such column or nothing in it. */
  text(column: string): string {
    // A handful of columns, thousands of rows: no closure, no map.
    let at = this.#columns.length - 1;
    while (at >= 0 && this.#columns[at]?.name !== column) at--;
    const cell = this.#cells[at];
    return typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean" ? String(cell) : "";
  }

  /**
   * When what a column such as `Age` counts from has happened, by our own clock: wall time in ms, exact to the last unit
   * that the server wrote (seconds below 10 min, minutes below 8 h, hours below 8 d, then days). Undefined where no time stands there.
   */
  time(column: string): number | undefined {
    const age = parseAge(this.text(column));
    if (age === undefined) return undefined;
    const time = this.#readAt - age.ms;
    const before = this.#before;
    return before !== undefined && Math.abs(time - before) <= age.exactTo + READING_MS ? before : time;
  }

  /** Whether the object's row has not changed, though its age has: `later` is the row as it was read again. */
  isSameAs(later: TableRow): boolean {
    if (this.name !== later.name || this.#columns.length !== later.#columns.length) return false;
    return this.#columns.every(({ name, isAge }, at) => {
      if (later.#columns[at]?.name !== name) return false;
      const [mine, other] = [this.#cells[at], later.#cells[at]];
      return isAge ? sameTime(mine, this.#readAt, other, later.#readAt) : mine === other;
    });
  }
}

/** Reads the tables of one collection. Of a watch only the first event says what the columns are. */
export class TableReader {
  readonly #namespace: string;
  #columns: readonly Column[] = [];
  /** By name, when each object was made, as the row that was read first says. */
  #made = new Map<string, number>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** The rows of a list or of an event. Throws NoTableError, and GarbledStreamError for a table without names. */
  rows(value: Readonly<Record<string, unknown>>, now: number): TableRow[] {
    if (value["kind"] !== "Table") throw new NoTableError();
    const { columnDefinitions, rows } = value;
    if (Array.isArray(columnDefinitions)) this.#columns = columnDefinitions.map(columnOf);
    const nameAt = this.#columns.findIndex(({ name }) => name === "Name");
    // Go writes an empty list as null.
    const list: unknown = rows ?? [];
    if (!Array.isArray(list)) throw new GarbledStreamError("The server sent a table of no rows.");
    const before = this.#made;
    // A list says which names there are; an event speaks of one.
    if (list.length > 1) this.#made = new Map();
    return list.map((row: unknown) => {
      const cells: unknown = isRecord(row) ? row["cells"] : undefined;
      const name: unknown = Array.isArray(cells) ? cells[nameAt] : undefined;
      if (!Array.isArray(cells) || typeof name !== "string" || name === "")
        throw new GarbledStreamError("The server sent a table row without a name.");
      const made = new TableRow(name, this.#namespace, this.#columns, cells, now, before.get(name));
      const time = made.time("Age");
      if (time !== undefined) this.#made.set(name, time);
      return made;
    });
  }
}

function columnOf(definition: unknown): Column {
  const { name, type }: Readonly<Record<string, unknown>> = isRecord(definition) ? definition : {};
  // Custom resources say `date`; of built-in kinds only the name tells (printers/internalversion).
  return { name: typeof name === "string" ? name : "", isAge: type === "date" || name === "Age" };
}

/** Milliseconds of the units of an age, in the order in which they are written (apimachinery util/duration: HumanDuration). */
const UNITS: readonly (readonly [letter: string, ms: number])[] = [
  ["y", 31_536_000_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];
const MAX_AGE_LENGTH = 16;
/** Of one unit. */
const MAX_COUNT = 99_999;
/** An age is read some time after it was written. Milliseconds. */
const READING_MS = 5_000;

/** `2m5s` → 125,000 ms, exact to 1,000 ms; undefined for what is no age, such as `<unknown>`. */
export function parseAge(text: string): { readonly ms: number; readonly exactTo: number } | undefined {
  // So is written what lies in the future: clocks differ.
  if (text === "<invalid>") return { ms: 0, exactTo: 1_000 };
  if (text === "" || text.length > MAX_AGE_LENGTH) return undefined;
  let ms = 0;
  let exactTo = 0;
  let rest = text;
  for (const [letter, unit] of UNITS) {
    const end = rest.indexOf(letter);
    if (end < 0) continue;
    const count = Number(rest.slice(0, end));
    if (end === 0 || !Number.isInteger(count) || count < 0 || count > MAX_COUNT) return undefined;
    ms += count * unit;
    exactTo = unit;
    rest = rest.slice(end + 1);
  }
  return rest === "" ? { ms, exactTo } : undefined;
}

function sameTime(one: unknown, readAt: number, other: unknown, otherReadAt: number): boolean {
  const [a, b] = [one, other].map((cell) => (typeof cell === "string" ? parseAge(cell) : undefined));
  if (a === undefined || b === undefined) return one === other;
  return Math.abs(readAt - a.ms - (otherReadAt - b.ms)) <= Math.max(a.exactTo, b.exactTo) + READING_MS;
}
