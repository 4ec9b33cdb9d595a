import assert from "node:assert/strict";
import fc from "fast-check";
import { redact } from "./redact.ts";

describe("redaction", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9_-]{16,40}$/);

  it("takes a secret out of every place where one is written", () => {
    fc.assert(
      fc.property(secret, (value) => {
        for (const line of [
          `Authorization: Bearer ${value}`,
          `authorization=Basic ${value}`,
          `{"token":"${value}"}`,
          `access_token: ${value}`,
          `GET /x?token=${value}&a=1`,
          `password = '${value}'`,
          `aws_secret_access_key=${value}`,
          `client-key-data: ${value}`,
          `eyJhbGciOi.${value}.${value}`,
          `https://user:${value}@proxy.example`,
          `-----BEGIN RSA PRIVATE KEY-----\n${value}\n-----END RSA PRIVATE KEY-----`,
        ]) {
          assert.ok(!redact(line).includes(value), `${line} → ${redact(line)}`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("takes out the tokens that hubs give", () => {
    for (const kind of ["hf_", "ghp_"])
      assert.equal(redact(`with ${kind}${"aB3".repeat(12)}`), "with [redacted token]");
  });

  it("leaves ordinary sentences alone", () => {
    const line = "GET /apis/kubeflow.org/v1/namespaces/team-a/pytorchjobs 200 in 12 ms";
    assert.equal(redact(line), line);
  });
});
