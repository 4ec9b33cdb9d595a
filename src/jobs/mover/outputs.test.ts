import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { systemClock } from "../../core/clock.ts";
import { KubeClient } from "../../kube/client.ts";
import { FakeTransport, json } from "../../kube/testing/fakeTransport.ts";
import { skipBecause } from "../../../test/rings/skip.ts";
import { downloadFolder } from "./outputs.ts";
import { MOVER_PROGRAM } from "./program.ts";
import type { Taken } from "./untar.ts";

/** More than sockets hold: what is read of it waits for who takes it. */
const LARGE = 32_000_000;

describe("results that are taken home", () => {
  let base: string;
  let volume: string;
  let port: number;
  let program: ChildProcess;

  beforeEach(async function () {
    base = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-outputs-")));
    volume = path.join(base, "volume");
    await fs.mkdir(path.join(volume, "run", "deep"), { recursive: true });
    const free = net.createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    port = (free.address() as net.AddressInfo).port;
    await new Promise((resolve) => free.close(resolve));
    program = spawn("python3", ["-u", "-c", MOVER_PROGRAM, volume, String(port)], { stdio: "inherit" });
    const started = await Promise.race([
      once(program, "spawn").then(() => true),
      once(program, "error").then(() => false),
    ]);
    if (!started) skipBecause(this, "there is no python3");
  });
  afterEach(async () => {
    program.kill();
    await fs.rm(base, { recursive: true, force: true });
  });

  const at = (name: string): string => path.join(volume, "run", name);
  const home = (name: string): string => path.join(base, "home", name);

  /** The real program, with no pod around it. `onPercent` runs while it waits. */
  async function download(onPercent: (percent: number) => void): Promise<Taken> {
    const client = new KubeClient(
      new FakeTransport(() => json({ metadata: { name: "x", uid: "u" }, status: { phase: "Running" } })),
    );
    const connect = async (): Promise<net.Socket> => {
      const socket = net.connect(port, "127.0.0.1");
      await once(socket, "connect").catch(() => undefined);
      return socket;
    };
    return downloadFolder(
      {
        ...{ client, connect, clock: systemClock, context: "c", namespace: "n", name: "x" },
        ...{ image: "python", claim: "results", isReadOnly: true, launch: "4f2a91b3c0de" },
      },
      "run",
      path.join(base, "home"),
      (text) => onPercent(Number(/^(\d+) %/.exec(text)?.[1])),
      new AbortController().signal,
    );
  }

  it("are whole where nobody writes them", async () => {
    writeFileSync(at("a.txt"), "a");
    writeFileSync(at("deep/b.bin"), Buffer.alloc(1_000_000, "b"));
    const taken = await download(() => undefined);
    assert.deepEqual(taken, { files: 2, bytes: 1_000_001, leftOut: 0, changed: [], missing: [] });
    assert.equal((await fs.stat(home("deep/b.bin"))).size, 1_000_000);
  });

  it("arrive though some are written meanwhile, which are named", async () => {
    for (const name of ["a-grows", "b-shrinks"]) writeFileSync(at(name), Buffer.alloc(LARGE, name[0] ?? ""));
    for (const name of ["c-vanishes", "d-is-replaced", "e-grew-before", "f-becomes-a-link", "z-stays"])
      writeFileSync(at(name), "before");
    let did = 0;
    const taken = await download((percent) => {
      if (percent >= 10 && did === 0) {
        did = 1;
        appendFileSync(at("a-grows"), "more");
        rmSync(at("c-vanishes"));
        writeFileSync(at("new"), "longer than before");
        renameSync(at("new"), at("d-is-replaced"));
        appendFileSync(at("e-grew-before"), " and after");
        rmSync(at("f-becomes-a-link"));
        symlinkSync("z-stays", at("f-becomes-a-link"));
      } else if (percent >= 60 && did === 1) {
        did = 2;
        truncateSync(at("b-shrinks"), 1000);
      }
    });
    assert.equal(did, 2);
    assert.deepEqual(taken.changed, ["a-grows"]);
    assert.deepEqual(taken.missing, ["b-shrinks", "c-vanishes", "f-becomes-a-link"]);
    assert.deepEqual((await fs.readdir(path.join(base, "home"))).sort(), [
      "a-grows",
      "d-is-replaced",
      "e-grew-before",
      "z-stays",
    ]);
    assert.equal(taken.files, 4);
    assert.equal((await fs.stat(home("a-grows"))).size, LARGE);
    assert.equal(await fs.readFile(home("d-is-replaced"), "utf8"), "longer than before");
    assert.equal(await fs.readFile(home("e-grew-before"), "utf8"), "before and after");
  });
});
