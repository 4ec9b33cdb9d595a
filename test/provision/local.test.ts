import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { Step } from "../../src/contract/preview.ts";
import { isCancelled } from "../../src/core/errors.ts";
import { runChecks } from "../../src/provision/cloud/checkLines.ts";
import { failure, StandIns } from "../../src/provision/existing/testing/standIns.ts";
import { localChecks } from "../../src/provision/local/localChecks.ts";
import { aWish, type CloudParts, cloudParts } from "./cloudParts.ts";

/** A kubeconfig as local tools write it: a certificate, no program. */
const KUBECONFIG = JSON.stringify({
  ...{ apiVersion: "v1", kind: "Config" },
  clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:6443" } }],
  users: [{ name: "u", user: { token: "abc" } }],
  contexts: [{ name: "made", context: { cluster: "c", user: "u" } }],
});
const WRITES = `fs.writeFileSync(process.env.KUBECONFIG, ${JSON.stringify(KUBECONFIG)});`;
const step = (number: number, message: string): string =>
  JSON.stringify({
    type: "io.k8s.sigs.minikube.step",
    data: { currentstep: String(number), totalsteps: "19", name: "x", message },
  });

describe("local clusters, with stand-ins for their tools", function () {
  this.timeout(30_000);
  const { signal } = new AbortController();
  let programs: StandIns;
  let theirs: string;
  beforeEach(() => {
    programs = new StandIns();
    theirs = path.join(programs.folder, "their-config");
    writeFileSync(theirs, "theirs");
  });
  afterEach(() => {
    assert.equal(readFileSync(theirs, "utf8"), "theirs");
    programs.remove();
  });

  const parts = (): CloudParts =>
    cloudParts({ PATH: programs.bin, HOME: programs.folder, SHELL: "", KUBECONFIG: theirs }, programs.storage);
  const wish = (change: Parameters<typeof aWish>[1] = {}) => aWish("local", change).local;

  it("minikube: sizes are always passed, its events are the timeline, the kubeconfig is ours", async () => {
    programs.add(
      "minikube",
      `console.log(${JSON.stringify(step(0, "😄  minikube v1.37"))}); console.error("W1122 klog noise"); console.log(${JSON.stringify(step(8, "Creating docker container"))}); ${WRITES}`,
    );
    const seen: (readonly Step[])[] = [];
    const { file, context } = await parts().local.create("lab", wish(), (steps) => seen.push(steps), signal);
    assert.equal(context, "made");
    assert.equal(path.dirname(file), path.join(programs.storage, "kubeconfigs"));
    const args = programs.calls("minikube")[0]?.args ?? [];
    for (const arg of [
      "--profile=lab",
      "--cpus=8",
      "--memory=16384mb",
      "--disk-size=81920mb",
      "--kubernetes-version=v1.35",
      "--embed-certs=true",
    ])
      assert.ok(args.includes(arg), arg);
    const details = seen.map((steps) => steps[0]?.detail);
    assert.ok(details.includes("minikube v1.37 (0 of 19)"), JSON.stringify(details));
    assert.ok(details.includes("Creating docker container (8 of 19)"));
    assert.deepEqual(
      seen.at(-1)?.map(({ state }) => state),
      ["done", "done"],
    );
  });

  it("k3d: registry and folder, never the person's kubeconfig", async () => {
    programs.add(
      "k3d",
      `if (option("--config")) fs.copyFileSync(option("--config"), ${JSON.stringify(path.join(programs.folder, "k3d.yaml"))});
       is("kubeconfig", "get") ? console.log(${JSON.stringify(KUBECONFIG)}) : console.error('time="x" level=info msg="Creating node \\'k3d-lab-server-0\\'"')`,
    );
    const seen: (readonly Step[])[] = [];
    const local = wish({ local: { tool: "k3d", registry: true, volume: "/data/my sets" } });
    await parts().local.create("lab", local, (steps) => seen.push(steps), signal);
    const args = programs.calls("k3d")[0]?.args ?? [];
    assert.deepEqual(args.slice(0, 3), ["cluster", "create", "lab"]);
    const { volumes, registries, image, options } = parse(
      readFileSync(path.join(programs.folder, "k3d.yaml"), "utf8"),
    ) as {
      [key: string]: unknown;
      options: Record<string, unknown>;
    };
    assert.deepEqual(
      { volumes, registries, image },
      {
        volumes: [{ volume: "/data/my sets:/data", nodeFilters: ["server:*"] }],
        registries: { create: { name: "lab-registry" } },
        image: "+v1.35",
      },
    );
    assert.deepEqual(options["kubeconfig"], { updateDefaultKubeconfig: false, switchCurrentContext: false });
    assert.deepEqual(options["runtime"], { serversMemory: "16g" });
    assert.ok(seen.some((steps) => steps[0]?.detail === "Creating node 'k3d-lab-server-0'"));
    const odd = await failure(
      parts().local.create("lab", { ...local, volume: "/a:/etc@all" }, () => undefined, signal),
    );
    assert.equal(odd.code, "folder-unusable");
  });

  it("kind: its kubeconfig in our file, a configuration with the issuer, an exact image", async () => {
    programs.add(
      "kind",
      `is("get") ? console.log(${JSON.stringify(KUBECONFIG)}) : console.log(fs.readFileSync(option("--config"), "utf8"))`,
    );
    await parts().local.create("lab", wish({ local: { tool: "kind", version: "1.36" } }), () => undefined, signal);
    const args = programs.calls("kind")[0]?.args ?? [];
    assert.ok(args.includes("--image=kindest/node:v1.36.1"));
    assert.ok(args.some((arg) => arg.startsWith(`--kubeconfig=${programs.storage}`)));
    await parts().local.create("lab", wish({ local: { tool: "kind", version: "1.33" } }), () => undefined, signal);
    assert.ok(programs.calls("kind").some((call) => call.args.includes("--image=kindest/node:v1.33.0")));
  });

  it("microk8s that runs is adopted, one that does not is not, and none is deleted", async () => {
    programs.add(
      "microk8s",
      `is("status") ? console.log("microk8s is running") : console.log(${JSON.stringify(KUBECONFIG)})`,
    );
    const local = wish({ local: { tool: "microk8s" } });
    const { context } = await parts().local.create("microk8s", local, () => undefined, signal);
    assert.equal(context, "made");
    assert.deepEqual(
      programs.calls("microk8s").map(({ args }) => args),
      [["status"], ["config"]],
    );
    assert.equal((await failure(parts().local.delete("microk8s", "microk8s", signal))).code, "not-ours");
    programs.add("microk8s", `console.log("microk8s is not running. Use microk8s start")`);
    assert.match(
      (await failure(parts().local.create("microk8s", local, () => undefined, signal))).message,
      /does not run/,
    );
  });

  it("a tool that fails is told in its own words, and keeps no kubeconfig", async () => {
    const event = JSON.stringify({
      type: "io.k8s.sigs.minikube.error",
      data: { message: "Docker has only 4000MB", advice: "Ask for less\u001b[31m", exitcode: "29" },
    });
    programs.add("minikube", `console.log(${JSON.stringify(event)}); process.exit(29)`);
    const seen: (readonly Step[])[] = [];
    const error = await failure(parts().local.create("lab", wish(), (steps) => seen.push(steps), signal));
    assert.equal(error.message, "The cluster was not made. minikube said: Docker has only 4000MB Ask for less");
    assert.equal(seen.at(-1)?.[0]?.state, "failed");
    assert.deepEqual(programs.kept(), []);
  });

  it("a cancel is one SIGINT; what is left is said, and can be deleted", async () => {
    const note = JSON.stringify(path.join(programs.folder, "signals"));
    programs.add(
      "k3d",
      `if (is("cluster", "list")) out([{ name: "lab", serversRunning: 1 }]);
       else if (is("cluster", "delete")) console.log("gone");
       else { process.on("SIGINT", () => { fs.appendFileSync(${note}, "SIGINT"); process.exit(130); }); console.log("INFO[0000] Prep: Network"); setInterval(() => {}, 1000); }`,
    );
    const abort = new AbortController();
    const { local } = parts();
    const seen: (readonly Step[])[] = [];
    const making = local.create(
      "lab",
      wish({ local: { tool: "k3d" } }),
      (steps) => {
        seen.push(steps);
        if (steps[0]?.detail === "Prep: Network") abort.abort();
      },
      abort.signal,
    );
    await assert.rejects(making, isCancelled);
    assert.equal(readFileSync(path.join(programs.folder, "signals"), "utf8"), "SIGINT");
    assert.equal(seen.at(-1)?.[0]?.state, "cancelled");
    assert.equal(
      await local.left("k3d", "lab", signal),
      "k3d still lists lab, which is half made. Delete it before another try.",
    );
    assert.equal(await local.left("k3d", "other", signal), undefined);
    await local.delete("k3d", "lab", signal);
    assert.deepEqual(programs.calls("k3d").at(-1)?.args, ["cluster", "delete", "lab"]);
  });

  it("a name that is none reaches no tool", async () => {
    programs.add("k3d", "");
    for (const name of ["--all", "a b", "$(x)", ""])
      assert.equal((await failure(parts().local.delete("k3d", name, signal))).code, "invalid-name");
    assert.deepEqual(programs.calls("k3d"), []);
  });

  it("Docker's own limits, disk, inotify, GPUs and names are checked, with values to set", async () => {
    programs.add(
      "minikube",
      `is("version") ? console.log("v1.37.0") : out({ valid: [{ Name: "ml-team", Status: "OK" }] })`,
    );
    programs.add(
      "docker",
      `out({ NCPU: 4, MemTotal: 8 * 2 ** 30, Architecture: "aarch64", ServerVersion: "28.1", DockerRootDir: "/none", Runtimes: { runc: {} } })`,
    );
    programs.add("nvidia-smi", `console.log("GPU 0: NVIDIA L4 (UUID: GPU-1)")`);
    const deps = {
      ...parts(),
      platform: "linux" as const,
      readText: () => Promise.resolve("128\n"),
      freeBytes: () => Promise.resolve(50 * 2 ** 30),
    };
    const lines = localChecks("ml-team", wish({ local: { gpus: true } }), deps);
    assert.deepEqual(programs.calls("docker"), []);
    const done = new Map((await runChecks(lines, () => undefined, signal)).map((check) => [check.id, check]));
    const told = (id: string): string => `${done.get(id)?.state ?? ""}: ${done.get(id)?.detail ?? ""}`;
    assert.equal(told("minikube"), "ok: Version v1.37.0.");
    assert.match(told("docker"), /^warning: Version 28\.1, 4 CPUs, 8 GiB\. On aarch64 some/);
    assert.deepEqual(done.get("cpus")?.does, { title: "Use 4", kind: "set", field: "local.cpus", value: 4 });
    assert.match(told("memory"), /^failed: 16 GiB of 8 GiB that Docker has\./);
    assert.equal(told("disk"), "warning: 50 GiB are free, 80 GiB are asked for.");
    assert.deepEqual(done.get("disk")?.does, { title: "Use 50 GiB", kind: "set", field: "local.diskGiB", value: 50 });
    assert.match(told("inotify"), /^warning: fs\.inotify\.max_user_instances is 128, 2280 are needed/);
    assert.match(told("gpu"), /^warning: 1 GPU, GPU 0: NVIDIA L4; Docker does not list/);
    assert.match(told("name"), /^failed: minikube has a cluster called ml-team already/);
    assert.equal(done.get("name")?.fix, "Use ml-team-2");
    assert.equal(programs.calls("docker").length, 1, "Docker is asked once");
  });
});
