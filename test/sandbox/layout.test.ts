import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { SLOTS, allInsideAddresses, freeSlot, knownSandboxes, layoutOf, linkOf, slotsOnMachine } from "./layout.ts";
import { duration } from "./progress.ts";

describe("sandbox layout", () => {
  it("gives each slot a network, a device and a cgroup of its own", () => {
    const links = Array.from({ length: SLOTS }, (_, slot) => linkOf(slot));
    for (const part of ["device", "host", "inside", "cgroup", "user"] as const) {
      assert.equal(new Set(links.map((link) => link[part])).size, SLOTS, part);
    }
    assert.equal(linkOf(3).inside, "10.243.3.2");
    assert.ok(
      links.every(({ device }) => device.length <= 15),
      "longer names are refused by the kernel",
    );
    assert.deepEqual(
      allInsideAddresses(),
      links.map(({ inside }) => inside),
    );
  });

  it("takes the lowest free slot, and says so when there is none", () => {
    assert.equal(freeSlot([]), 0);
    assert.equal(freeSlot([0, 1, 3]), 2);
    assert.throws(() => freeSlot(Array.from({ length: SLOTS }, (_, slot) => slot)), /64 sandboxes already/);
    assert.throws(() => linkOf(SLOTS), RangeError);
  });

  it("refuses names that would leave its folder", () => {
    for (const name of ["", "..", "a/b", "A", "-a", "a".repeat(21)])
      assert.throws(() => layoutOf(name, "/cache"), /no name for a sandbox/);
    assert.equal(
      layoutOf("dev", "/cache").kubeconfig("admin"),
      path.join("/cache", "sandboxes", "dev", "admin.kubeconfig"),
    );
  });

  it("finds what exists", () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "layout-"));
    assert.deepEqual(knownSandboxes(root), []);
    for (const name of ["test", "dev", "lost+found"])
      fs.mkdirSync(path.join(root, "sandboxes", name), { recursive: true });
    for (const name of ["trainyard0", "trainyard12", "eth0", "trainyardx"])
      fs.mkdirSync(path.join(root, "net", name), { recursive: true });
    assert.deepEqual(knownSandboxes(root), ["dev", "test"]);
    assert.deepEqual(slotsOnMachine(path.join(root, "net")).sort(), [0, 12]);
    fs.rmSync(root, { recursive: true });
  });

  it("says durations as people do", () => {
    assert.deepEqual([7_600, 190_000, 7_500_000].map(duration), ["8 s", "3 min 10 s", "2 h 5 min"]);
  });
});
