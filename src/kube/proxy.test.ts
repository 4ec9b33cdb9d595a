import assert from "node:assert/strict";
import { ConnectError } from "./errors.ts";
import { isExempt } from "./noProxy.ts";
import { placeOf } from "./place.ts";
import { proxyFor } from "./proxy.ts";
import { testEntry } from "./testing/testServers.ts";

describe("choice of a proxy", () => {
  const choose = (server: string, choice: Partial<Parameters<typeof proxyFor>[1]>) =>
    proxyFor(placeOf(testEntry(server)), { env: {}, ...choice })?.href;

  it("asks the cluster, then the editor, then the environment", () => {
    const env = { HTTPS_PROXY: "http://env:1", HTTP_PROXY: "http://plain:1" };
    assert.equal(
      choose("https://x.test", { clusterProxy: "http://own:1", override: "http://ed:1", env }),
      "http://own:1/",
    );
    assert.equal(choose("https://x.test", { override: "http://ed:1", env }), "http://ed:1/");
    assert.equal(choose("https://x.test", { override: "", env }), "http://env:1/");
    assert.equal(choose("http://x.test", { env }), "http://plain:1/");
    assert.equal(choose("https://x.test", { env: { https_proxy: "low:3128" } }), "http://low:3128/");
    assert.equal(choose("https://x.test", {}), undefined);
  });

  it("never sends loopback through one, unless the cluster says so", () => {
    for (const host of ["127.0.0.1:6443", "localhost", "[::1]:1", "127.9.9.9"]) {
      assert.equal(choose(`https://${host}`, { override: "http://ed:1" }), undefined, host);
    }
    assert.equal(choose("https://127.0.0.1", { clusterProxy: "http://own:1" }), "http://own:1/");
  });

  it("takes NO_PROXY as Go does", () => {
    const rows: [string, number, string, boolean][] = [
      ["a.example.com", 443, "example.com", true],
      ["example.com", 443, "example.com", true],
      ["badexample.com", 443, "example.com", false],
      ["example.com", 443, ".example.com", false],
      ["a.example.com", 443, " .EXAMPLE.com ", true],
      ["a.example.com", 443, "*.example.com", true],
      ["example.com", 443, "*.example.com", false],
      ["example.com", 6443, "example.com:6443", true],
      ["example.com", 443, "example.com:6443", false],
      ["10.1.2.3", 443, "10.0.0.0/8", true],
      ["11.1.2.3", 443, "10.0.0.0/8", false],
      ["10.1.2.3", 443, "10.1.2.3", true],
      ["10.1.2.3", 443, "10.1.2.3:80", false],
      ["fd00::1", 443, "fd00::/8", true],
      ["fd00::1", 443, "[fd00::1]:443", true],
      ["anything", 1, "x,*", true],
      ["a", 1, "", false],
      ["a", 1, ",,", false],
      ["a", 1, "10.0.0.0/99", false],
    ];
    for (const [host, port, list, expected] of rows)
      assert.equal(isExempt(host, port, list), expected, `${host}:${port} in ${list}`);
  });

  it("refuses what it cannot use, without saying the address", () => {
    for (const clusterProxy of ["socks5://bob:SECRET@x", "http://bob:SECRET@:x"]) {
      assert.throws(
        () => choose("https://x.test", { clusterProxy }),
        (error) => error instanceof ConnectError && error.code === "kubeconfig" && !error.message.includes("SECRET"),
      );
    }
  });
});
