import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { skipBecause } from "../../test/rings/skip.ts";
import type { StateStore } from "../core/storage.ts";
import { adminRequest, NEEDED_RIGHTS, rightsYaml } from "./adminRequest.ts";
import { gitChanges, gitState } from "./git.ts";
import { LastRuns } from "./lastRuns.ts";
import { size } from "./spec.ts";

describe("git state", () => {
  let folder: string;
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: folder, encoding: "utf8" });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "trainyard-git-"));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it("follows a repository from nothing to dirty", async function () {
    try {
      git("--version");
    } catch {
      skipBecause(this, "git is not on the PATH");
    }
    assert.equal(await gitState(folder), undefined);
    git("init", "-q");
    assert.equal(await gitState(folder), undefined);
    writeFileSync(join(folder, "train.py"), "1");
    git("add", ".");
    git("commit", "-qm", "x");
    const commit = git("rev-parse", "HEAD").trim();
    assert.deepEqual(await gitState(folder), { commit, dirty: false });
    writeFileSync(join(folder, "new.py"), "1");
    assert.deepEqual(await gitState(folder), { commit, dirty: true });
    // The environment of an editor that git has started points elsewhere.
    assert.equal((await gitState(folder, { ...process.env, GIT_DIR: "/nowhere" }))?.commit, commit);
  });

  it("tells how files differ from the commit, without what would not travel, and not more than 1 MB of it", async () => {
    if ((await gitState(folder)) === undefined) return;
    mkdirSync(join(folder, "sub"));
    for (const name of [".env", "sub/model.py"]) writeFileSync(join(folder, name), "TOKEN = 1\n");
    git("add", ".");
    git("commit", "-qm", "y");
    assert.equal(await gitChanges(folder), "");
    git("mv", "new.py", "renamed.py");
    assert.match((await gitChanges(folder)) ?? "", /^rename from new\.py\nrename to renamed\.py\n$/m);
    git("reset", "-q", "--hard");
    for (const name of [".env", "sub/model.py"]) writeFileSync(join(folder, name), "TOKEN = 2\n");
    writeFileSync(join(folder, "sub", "new.py"), "");
    const changes = (await gitChanges(folder)) ?? "";
    assert.match(changes, /^diff --git a\/sub\/model\.py b\/sub\/model\.py\n[^]*-TOKEN = 1\n\+TOKEN = 2\n$/);
    assert.doesNotMatch(changes, /\.env|new\.py/);
    assert.match((await gitChanges(join(folder, "sub"))) ?? "", /^diff --git a\/model\.py/);
    writeFileSync(join(folder, "sub", "model.py"), "x = 1\n".repeat(300_000));
    const large = (await gitChanges(folder)) ?? "";
    assert.match(large.slice(-100), /\+x = 1\n[^\n]*\n… the changes are more than 1 MB: the rest is left out\n$/);
    assert.ok(large.length < 1_000_200);
    assert.equal(await gitChanges(tmpdir()), undefined);
  });

  it("tells it of more files than one command line holds, and nothing of what stays", async () => {
    if ((await gitState(folder)) === undefined) return;
    const names = Array.from({ length: 120 }, (_, at) => `${"n".repeat(150)}${at}`);
    const all = [...names.flatMap((name) => [`${name}.txt`, `${name}.pem`]), "gone"];
    for (const name of all) writeFileSync(join(folder, name), "1\n");
    git("add", ".");
    git("commit", "-qm", "z");
    rmSync(join(folder, "gone"));
    mkdirSync(join(folder, "gone"));
    for (const name of [...all.slice(0, -1), "gone/.env", "gone/a.py"]) writeFileSync(join(folder, name), "2\n");
    git("add", ".");
    const changes = (await gitChanges(folder)) ?? "";
    assert.doesNotMatch(changes, /\.pem|\.env/);
    const told = [...changes.matchAll(/^diff --git a\/(\S+)/gm)].map(([, name = ""]) => name);
    assert.deepEqual(told.sort(), [...names.map((name) => `${name}.txt`), "gone", "gone/a.py"].sort());
  });

  it("never runs a git of the folder, nor what the repository's configuration names", async () => {
    const marker = join(folder, "ran");
    const evil = `#!/bin/sh\ntouch ${marker}\n`;
    mkdirSync(join(folder, "bin"), { recursive: true });
    for (const file of ["git", "bin/monitor"]) {
      writeFileSync(join(folder, file), evil);
      chmodSync(join(folder, file), 0o755);
    }
    if (await gitState(folder)) {
      git("config", "core.fsmonitor", join(folder, "bin/monitor"));
      git("config", "diff.external", join(folder, "bin/monitor"));
    }
    await gitChanges(folder);
    await gitState(folder, { ...process.env, PATH: [".", "", process.env["PATH"] ?? ""].join(delimiter) });
    assert.equal(await gitState(folder, { PATH: "" }), undefined);
    assert.throws(() => execFileSync("ls", [marker], { stdio: "ignore" }));
  });
});

describe("last runs", () => {
  function memory(): StateStore & { values: Map<string, unknown> } {
    const values = new Map<string, unknown>();
    return {
      values,
      get: (key) => values.get(key),
      set: (key, value) => {
        values.set(key, structuredClone(value));
        return Promise.resolve();
      },
    };
  }
  const run = {
    kind: "PyTorchJob" as const,
    context: "c",
    namespace: "n",
    size: size(2, 1),
    image: "i",
    args: ["--x"],
    time: 1,
  };
  const launch = { id: "4f2a91bc77aa", uid: "u", name: "train-4f2a", context: "c", namespace: "n" };

  it("are remembered per file, with their last launch", async () => {
    const runs = new LastRuns(memory());
    assert.equal(runs.get("/a.py"), undefined);
    await runs.rememberLaunch("/a.py", launch);
    assert.equal(runs.get("/a.py"), undefined);
    await runs.remember("/a.py", run);
    await runs.rememberLaunch("/a.py", launch);
    await runs.remember("/a.py", { ...run, time: 2 });
    await runs.remember("/b.py", { ...run, time: 3, image: "j" });
    assert.deepEqual(runs.get("/a.py"), { ...run, time: 2, launch });
    assert.equal(runs.latest()?.image, "j");
  });

  it("are the hundred latest, and survive what does not belong there", async () => {
    const state = memory();
    const runs = new LastRuns(state);
    for (let n = 0; n < 105; n += 1) await runs.remember(`/${n}.py`, { ...run, time: n });
    assert.equal(runs.get("/4.py"), undefined);
    assert.equal(runs.get("/104.py")?.time, 104);
    for (const [key] of state.values) state.values.set(key, { "/x.py": { context: 1 }, "/y.py": null, "/z.py": run });
    assert.equal(runs.get("/x.py"), undefined);
    assert.deepEqual(runs.get("/z.py"), run);
    for (const [key] of state.values) state.values.set(key, "odd");
    assert.equal(runs.latest(), undefined);
  });
});

describe("the request to an administrator", () => {
  it("holds the commands and the rights", () => {
    const text = adminRequest({
      user: "ada@example.org",
      context: "team-a",
      namespace: "alice",
      server: "https://1.2.3.4",
    });
    assert.match(
      text,
      /kubectl apply --server-side -k "github\.com\/kubeflow\/training-operator\.git\/manifests\/overlays\/standalone\?ref=v1\.9\.4"/,
    );
    assert.match(text, /name: "ada@example\.org"/);
    assert.doesNotMatch(adminRequest({ user: "a", context: "c", namespace: "n", needs: "operator" }), /RoleBinding/);
    assert.doesNotMatch(adminRequest({ user: "a", context: "c", namespace: "n", needs: "rights" }), /--server-side/);
  });

  it("asks for what reaches the pipelines' server, and for a profile's token where that is needed", () => {
    const asked = { user: "ann", context: "c", namespace: "kubeflow", needs: "pipelines" } as const;
    const text = adminRequest(asked);
    assert.match(text, /name: trainyard-pipelines\n {6}namespace: "kubeflow"[\s\S]*"pods\/portforward"/);
    assert.doesNotMatch(text, /pytorchjobs|serviceaccounts\/token/);
    const many = adminRequest({ ...asked, profile: "team-a" });
    assert.match(many, /name: trainyard-token\n {6}namespace: "team-a"[\s\S]*"serviceaccounts\/token"/);
    assert.match(many, /kubectl apply -f trainyard-token-rights\.yaml/);
  });

  it("names both generations of training jobs", () => {
    const text = adminRequest({ user: "a", context: "c", namespace: "n" });
    for (const words of ["pytorchjobs", "trainjobs", "trainingruntimes", "PyTorchJob", "TrainJob"])
      assert.ok(text.includes(words), words);
  });

  it("of notebooks and nodes asks for what those need, and for no right to train", () => {
    const asked = { user: "ann", context: "c", namespace: "team-a" } as const;
    const notebooks = adminRequest({ ...asked, needs: "notebooks" });
    assert.match(notebooks, /name: trainyard-notebooks\n {6}namespace: "team-a"[\s\S]*"notebooks"[\s\S]*portforward/);
    const nodes = adminRequest({ ...asked, needs: "nodes" });
    assert.match(nodes, /kind: ClusterRole\n[\s\S]*"nodes", "pods"[\s\S]*kind: ClusterRoleBinding/);
    assert.doesNotMatch(nodes, /namespace:/);
    for (const text of [notebooks, nodes]) assert.doesNotMatch(text, /pytorchjobs|trainjobs|training-operator/);
  });

  it("is YAML with the exact rights, whatever the names are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (user, namespace) => {
        const documents = parseAllDocuments(rightsYaml({ user, namespace }));
        assert.equal(documents.length, 2);
        const [role, binding] = documents.map((document) => document.toJS() as Record<string, unknown>);
        assert.equal((role?.["rules"] as unknown[]).length, NEEDED_RIGHTS.length);
        assert.equal(binding?.["kind"], "RoleBinding");
        assert.equal((binding["subjects"] as unknown[]).length, 1);
        const lines = adminRequest({ user, namespace, context: user }).split("\n");
        assert.equal(lines.filter((line) => line.trimStart().startsWith("kubectl")).length <= 3, true);
      }),
      { numRuns: 40 },
    );
  });
});
