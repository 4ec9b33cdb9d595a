import assert from "node:assert/strict";
import { NoTableError, parseAge, TableReader, type TableRow } from "./table.ts";
import { GarbledStreamError } from "./watchEvents.ts";

const COLUMNS = [
  { name: "Name", type: "string" },
  { name: "State", type: "string" },
  { name: "Restarts", type: "integer" },
  { name: "Age", type: "date" },
];
const NOW = Date.UTC(2026, 10, 22);

function read(cells: readonly unknown[], now = NOW): TableRow {
  const table = { kind: "Table", columnDefinitions: COLUMNS, rows: [{ cells, object: null }] };
  return new TableReader("ml").rows(table, now)[0] ?? assert.fail();
}

describe("table", () => {
  it("gives cells by the names of their columns", () => {
    const row = read(["a", "Running", 3, "2m5s"]);
    assert.deepEqual([row.name, row.namespace, row.text("State"), row.text("Restarts")], ["a", "ml", "Running", "3"]);
    assert.deepEqual([row.text("None"), row.time("None"), row.time("State")], ["", undefined, undefined]);
    assert.equal(row.time("Age"), NOW - 125_000);
    assert.equal(read(["a", null, { deep: true }, null]).text("Restarts"), "");
    assert.equal(read(["a", "", 0, "<unknown>"]).time("Age"), undefined);
  });

  it("keeps the time that an earlier row told, as long as the coarser age allows it", () => {
    const reader = new TableReader("ml");
    const at = (age: string, now: number): number | undefined => {
      const table = { kind: "Table", columnDefinitions: COLUMNS, rows: [{ cells: ["a", "", 0, age], object: null }] };
      return reader.rows(table, now)[0]?.time("Age");
    };
    const made = NOW - 599_000;
    assert.equal(at("9m59s", NOW), made);
    assert.equal(at("10m", NOW + 50_000), made);
    assert.equal(at("11m", NOW + 80_000), made);
    // Made anew under its name.
    assert.equal(at("3s", NOW + 100_000), NOW + 97_000);
  });

  it("reads ages as the server writes them", () => {
    const hour = 3_600_000;
    const rows: [string, number | undefined, number?][] = [
      ["0s", 0, 1_000],
      ["116s", 116_000, 1_000],
      ["9m59s", 599_000, 1_000],
      ["10m", 600_000, 60_000],
      ["3h12m", 3.2 * hour, 60_000],
      ["2d3h", 51 * hour, hour],
      ["8d", 192 * hour, 24 * hour],
      ["2y35d", (730 + 35) * 24 * hour, 24 * hour],
      ["<invalid>", 0, 1_000],
      ["", undefined],
      ["5 minutes", undefined],
      ["-5m", undefined],
      ["5s3m", undefined],
      ["m", undefined],
      ["3", undefined],
      ["99999999999999d", undefined],
    ];
    for (const [text, ms, exactTo] of rows) {
      const expected = ms === undefined ? undefined : { ms, exactTo };
      assert.deepEqual(parseAge(text), expected, text);
    }
  });

  it("knows a row again though it has aged, and tells one of another object", () => {
    const row = read(["a", "Running", 0, "3h"]);
    const later = NOW + 40 * 60_000;
    assert.ok(row.isSameAs(read(["a", "Running", 0, "3h40m"], later)));
    assert.ok(!row.isSameAs(read(["a", "Running", 0, "40s"], later)), "made anew");
    assert.ok(!row.isSameAs(read(["a", "Failed", 0, "3h40m"], later)));
    assert.ok(!row.isSameAs(read(["a", "Running", 1, "3h40m"], later)));
    assert.ok(read(["a", "x", 0, "<unknown>"]).isSameAs(read(["a", "x", 0, "<unknown>"], later)));
  });

  it("takes the columns of a watch from its first event", () => {
    const reader = new TableReader("ml");
    reader.rows({ kind: "Table", columnDefinitions: COLUMNS, rows: null }, NOW);
    const [row] = reader.rows({ kind: "Table", columnDefinitions: null, rows: [{ cells: ["a", "Failed"] }] }, NOW);
    assert.equal(row?.text("State"), "Failed");
  });

  it("takes nothing else for a table", () => {
    const rows = (value: Record<string, unknown>) => () => new TableReader("ml").rows(value, NOW);
    assert.throws(rows({ kind: "PyTorchJobList", items: [] }), NoTableError);
    assert.throws(rows({ kind: "Table", columnDefinitions: [], rows: [{ cells: ["a"] }] }), GarbledStreamError);
    assert.throws(rows({ kind: "Table", columnDefinitions: COLUMNS, rows: [{ cells: [null] }] }), GarbledStreamError);
    assert.throws(rows({ kind: "Table", columnDefinitions: COLUMNS, rows: ["x"] }), GarbledStreamError);
    assert.throws(rows({ kind: "Table", rows: "x" }), GarbledStreamError);
  });
});
