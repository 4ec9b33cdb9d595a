import assert from "node:assert/strict";
import { StreamParser, type TerraformEvent } from "./stream.ts";

const resource = (addr: string, key: string | number | null = null) => ({
  ...{ addr, module: "", resource: addr, implied_provider: "google", resource_type: "google_container_cluster" },
  ...{ resource_name: "this", resource_key: key },
});
const line = (fields: object): string => JSON.stringify({ "@level": "info", "@message": "words", ...fields });
const VERSION = line({ type: "version", terraform: "1.11.4", ui: "1.2" });

function read(text: string, size = text.length): TerraformEvent[] {
  const parser = new StreamParser();
  const bytes = Buffer.from(text);
  const events: TerraformEvent[] = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...parser.push(bytes.subarray(at, at + size)));
  return [...events, ...parser.end()];
}

describe("Terraform's stream", () => {
  const hook = { resource: resource("google_container_cluster.this"), action: "create", elapsed_seconds: 10 };
  const text = [
    VERSION,
    line({
      type: "planned_change",
      change: { resource: resource('a["x"]', "x"), action: "replace", reason: "tainted" },
    }),
    line({ type: "apply_progress", "@timestamp": "2026-11-22T11:32:50.145Z", hook }),
    line({ type: "change_summary", changes: { add: 3, change: 0, import: 0, remove: 1, operation: "apply" } }),
    line({ type: "diagnostic", diagnostic: { severity: "error", summary: "Nö", detail: "a\nb", address: "x.y" } }),
    line({ type: "deferred_change", "@message": "newer" }),
    "panic: not JSON",
    line({ type: "state_lock_acquire" }),
    line({ type: "state_lock_release" }),
    line({ type: "resource_drift", change: { resource: resource("a"), action: "update" } }),
    "",
  ].join("\n");
  const expected: TerraformEvent[] = [
    {
      ...({ kind: "planned", action: "replace" } as const),
      resource: { address: 'a["x"]', type: "google_container_cluster", name: "this", key: "x" },
    },
    {
      ...({ kind: "apply", phase: "progress", action: "create", elapsedMs: 10_000 } as const),
      at: Date.parse("2026-11-22T11:32:50.145Z"),
      resource: { address: "google_container_cluster.this", type: "google_container_cluster", name: "this" },
    },
    { kind: "summary", operation: "apply" },
    { kind: "diagnostic", diagnostic: { severity: "error", summary: "Nö", detail: "a\nb", address: "x.y" } },
    { kind: "message", text: "newer" },
    { kind: "raw", text: "panic: not JSON" },
    { kind: "lock" },
  ];

  for (const size of [1, 7, 4096])
    it(`reads the same in pieces of ${size} bytes`, () => assert.deepEqual(read(text, size), expected));

  it("reads nothing after the first line of a stream of another major version", () => {
    assert.deepEqual(read(`${line({ type: "version", terraform: "3.0.0", ui: "2.0" })}\n${text}`), [
      { kind: "unsupported", ui: "2.0" },
    ]);
  });

  it("keeps no output, whose value may be secret", () => {
    assert.deepEqual(read(line({ type: "outputs", outputs: { a: { sensitive: true, value: "x" } } })), []);
  });

  it("makes hostile text plain and takes keys out of it", () => {
    const diagnostic = {
      severity: "error",
      summary: "\u001b[2Jbad\u202e",
      detail: "token: abcdefgh\n\u001b]0;x\u0007AKIAABCDEFGHIJKLMNOP",
    };
    const [event] = read(line({ type: "diagnostic", diagnostic }));
    assert.deepEqual(event, {
      kind: "diagnostic",
      diagnostic: { severity: "error", summary: "bad\ufffd", detail: "token: [redacted]\n[redacted key]" },
    });
  });

  it("bounds a line without an end, and goes on after it", () => {
    const events = read(`${"x".repeat(3_000_000)}\n${line({ type: "log" })}\n`, 65_536);
    assert.equal(events.filter(({ kind }) => kind === "raw").length, 1);
    assert.deepEqual(events.at(-1), { kind: "message", text: "words" });
  });

  it("takes forms that are not what they say as plain messages", () => {
    for (const odd of ['{"type":"apply_start"}', '{"type":"planned_change","change":[]}', "[1]", '"x"', "null"])
      assert.match(read(odd)[0]?.kind ?? "", /^(message|raw)$/, odd);
  });
});
