import assert from "node:assert/strict";
import fs from "node:fs";

interface Rule {
  readonly match: string;
  readonly name?: string;
}

const file = new URL("../../syntaxes/trainyard-log.tmLanguage.json", import.meta.url);
const { patterns } = JSON.parse(fs.readFileSync(file, "utf8")) as { patterns: readonly Rule[] };

/** Names of the rules that match somewhere in the line; the patterns mean the same in JavaScript. */
const names = (line: string): string[] =>
  patterns.flatMap(({ match, name = "prefix" }) => (new RegExp(match, "u").test(line) ? [name] : []));

describe("the grammar of saved logs", () => {
  it("knows ranks, levels and tracebacks", () => {
    const lines = {
      "0 │ epoch 1 loss 2.3": ["prefix"],
      "12 │ Traceback (most recent call last):": ["prefix", "keyword.control.exception"],
      '0 │   File "train.py", line 41, in main': ["prefix", "prefix"],
      "0 │ RuntimeError: shapes differ": ["prefix", "invalid.illegal.exception"],
      "ps-0 │ 2026-01-01 12:00:00 - INFO - begun": ["prefix", "markup.inserted.level"],
      "0 │ [WARNING] slow": ["prefix", "markup.changed.level"],
      "0 │ WARN: slow": ["prefix", "markup.changed.level"],
      "0 │ ERROR:root:no": ["prefix", "invalid.illegal.level"],
      "0 │ DEBUG x": ["prefix", "comment.level"],
      "0 │ INFORMATION of ERRORS": ["prefix"],
      "✗ bert failed after 6 min": ["invalid.illegal.verdict"],
    };
    for (const [line, expected] of Object.entries(lines)) assert.deepEqual(names(line), expected, line);
  });
});
