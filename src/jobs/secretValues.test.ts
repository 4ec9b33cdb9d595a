import assert from "node:assert/strict";
import { looksSecret, mayBeSecret, secretArgument } from "./secretValues.ts";

const chance = "0".repeat(8) + "f3".repeat(8);

describe("what looks like a secret", () => {
  it("is known by its form, or by its name and what it holds", () => {
    for (const [name, value] of [
      ["HF_TOKEN", "hf_abc"],
      ["DB_PASSWORD", "hunter2"],
      ["AWS_SECRET_ACCESS_KEY", "/a+b="],
      ["HEADER", "Authorization: Bearer abcdefghijkl"],
      ["WHO", `eyJhbGciOi.${chance}.${chance}`],
      ["PROXY", "https://me:word@proxy.example"],
      ["WANDB_API_KEY", chance],
      ["MY_CREDENTIALS", chance],
    ] as const)
      assert.ok(looksSecret({ name, value }), name);
  });

  it("is not a count, a word, a place or a special token", () => {
    for (const [name, value] of [
      ["MAX_TOKENS", "512"],
      ["SORT_KEY", "name"],
      ["SORT_KEY", "the name of 2 columns"],
      ["GOOGLE_APPLICATION_CREDENTIALS", "/var/keys/team-a-2.json"],
      ["PUBLIC_KEY", "gs://bucket/keys/2024.pem"],
      ["PAD_TOKEN", "<pad>"],
      ["MASK_TOKEN", "[MASK]"],
      ["API_SECRET", ""],
      ["RUN_ID", chance],
    ] as const)
      assert.ok(!looksSecret({ name, value }), `${name}=${value}`);
  });

  it("may be a short one of its name", () => {
    assert.deepEqual(
      [
        { name: "db_key", value: "hunter" },
        { name: "url", value: "https://me:word@proxy.example" },
      ].map(mayBeSecret),
      [true, true],
    );
    assert.ok(!mayBeSecret({ name: "epochs", value: "3" }));
  });

  it("is found among arguments, by the flag before it", () => {
    assert.equal(secretArgument(["--epochs", "20", "--hf-token", "hf_abc"]), "--hf-token");
    assert.equal(secretArgument(["--api-key=" + chance]), "--api-key");
    assert.equal(secretArgument(["fit", "https://me:word@proxy.example"]), "argument 2");
    assert.equal(
      secretArgument(["--pad-token", "<pad>", "--max-tokens=512", "--sort-key", "name", "--", "-"]),
      undefined,
    );
    assert.equal(secretArgument(["--token"]), undefined);
  });
});
