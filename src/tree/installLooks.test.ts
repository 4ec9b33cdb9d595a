import assert from "node:assert/strict";
import os from "node:os";
import path from "node:path";
import { until } from "../../test/editor/until.ts";
import { silentLogger } from "../core/log.ts";
import { Installer, InstallHealth, type InstallRecord } from "../install/index.ts";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { InstallLooks } from "./installLooks.ts";

const ENTRY = { title: "Katib", state: "done", detail: "", hash: "", objects: [], kept: [], needs: [] } as const;
const UID = "11111111-2222-3333-4444-555555555555";
const RECORD = {
  ...{ format: 1, cluster: UID, intent: "install", updatedAt: 0, components: { katib: ENTRY } },
  choice: { release: "r", wanted: [], platform: "any" },
  pin: { ref: "", commit: "", checksum: "" },
};

const never = (): Promise<never> => Promise.reject(new Error("no secret is asked for"));

/** A cluster with a record in it, or without, or whose record may not be read; and what was made of it. */
function bench(record: object | "none" | "forbidden") {
  const transport = new FakeTransport(({ path: asked }) => {
    if (record === "forbidden") return refusal(403, "Forbidden", "no");
    if (asked === "/api/v1/namespaces/kube-system") return json({ metadata: { name: "kube-system", uid: UID } });
    const isIt = record !== "none" && asked === "/api/v1/namespaces/trainyard-system/configmaps/kubeflow-install";
    return isIt ? json({ data: { record: JSON.stringify(record) } }) : refusal(404, "NotFound", "no");
  });
  const client = new KubeClient(transport);
  const clock = new ManualClock();
  const drawn: string[] = [];
  let loads = 0;
  const real = new Installer({
    ...{ client, clock, log: silentLogger, storage: path.join(os.tmpdir(), "none-of-trainyard"), releases: [] },
    manifests: { env: {}, platform: "linux" },
    secrets: { get: never, set: never, delete: never },
  });
  let installed: (signal: AbortSignal) => Promise<InstallRecord | undefined> = (signal) => real.installed(signal);
  const looks = new InstallLooks(
    () => {
      loads++;
      const installer = {
        installed: (signal: AbortSignal) => installed(signal),
        health: () => Promise.resolve([{ id: "katib", title: "Katib", state: "healthy" as const, reasons: [] }]),
      };
      return Promise.resolve({
        health: () => new InstallHealth({ client, installer, releases: [], clock, log: silentLogger }),
      });
    },
    (context, isNew) => drawn.push(`${context} ${isNew ? "new" : "again"}`),
  );
  const uninstall = (): void => void (installed = () => Promise.resolve(undefined));
  return { transport, clock, drawn, looks, cluster: { connection: { client } }, loads: () => loads, uninstall };
}

const asked = (count: () => number, wanted: number): Promise<number> =>
  until(
    "requests",
    () => Promise.resolve(count()),
    (now) => now >= wanted,
  );

describe("looking for what was installed in a cluster", () => {
  it("costs one request where there is nothing, or nothing that may be read, and loads nothing", async () => {
    for (const record of ["none", "forbidden"] as const) {
      const { looks, cluster, transport, loads, drawn } = bench(record);
      looks.look("team", cluster);
      await asked(() => transport.requests.length, 1);
      looks.look("team", cluster);
      looks.dispose();
      assert.deepEqual([transport.requests.length, loads(), drawn, looks.get("team")], [1, 0, [], undefined]);
    }
  });

  it("draws a row once it is there, again when it says something else, and none once it has gone", async () => {
    const { looks, cluster, drawn, uninstall, clock } = bench(RECORD);
    looks.look("team", cluster);
    await asked(() => drawn.length, 1);
    assert.deepEqual(
      looks.get("team")?.value?.parts.map(({ title, state }) => `${title} ${state}`),
      ["Katib Ready"],
    );
    looks.leave("team");
    uninstall();
    await clock.advance(600_000);
    assert.deepEqual(drawn, ["team new"], "nobody looks");
    looks.look("team", cluster);
    await asked(() => drawn.length, 2);
    assert.deepEqual([drawn, looks.get("team")], [["team new", "team new"], undefined]);
    looks.dispose();
  });

  it("asks nothing of a cluster that was left before", async () => {
    const { looks, cluster, transport } = bench(RECORD);
    const other = bench("none");
    looks.look("team", cluster);
    other.looks.look("team", other.cluster);
    looks.leave("team");
    await asked(() => other.transport.requests.length, 1);
    assert.equal(transport.requests.length, 0);
    for (const one of [looks, other.looks]) one.dispose();
  });
});
