import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { type CheckedLine, runChecks } from "../../src/provision/cloud/checkLines.ts";
import { leftovers } from "../../src/provision/cloud/leftovers.ts";
import { LiveFacts } from "../../src/provision/cloud/live.ts";
import { merge, mergeText, previewMerge } from "../../src/provision/cloud/mergeKubeconfig.ts";
import { checks, runFix } from "../../src/provision/cloud/preflight.ts";
import { kubeconfig, StandIns } from "../../src/provision/existing/testing/standIns.ts";
import { awsCall } from "../../src/provision/existing/calls.ts";
import { LIMITS } from "../../src/provision/plan/limits.ts";
import { findings } from "../../src/provision/plan/rules.ts";
import { ROOT } from "../../scripts/build.ts";
import { aWish, type CloudParts, cloudParts } from "./cloudParts.ts";

describe("clouds, with stand-ins for gcloud and aws", function () {
  // Many programs start in each test.
  this.timeout(30_000);
  const { signal } = new AbortController();
  let programs: StandIns;
  beforeEach(() => (programs = new StandIns()));
  afterEach(() => programs.remove());

  const parts = (): CloudParts =>
    cloudParts({ PATH: programs.bin, HOME: programs.folder, SHELL: "" }, programs.storage);
  const run = async (wish = aWish("gke"), from = parts()): Promise<ReadonlyMap<string, CheckedLine>> => {
    const done = await runChecks(checks(wish, from), () => undefined, signal);
    return new Map(done.map((check) => [check.id, check]));
  };

  it("nothing runs before the checks are run, nor for live facts that were not asked for", () => {
    programs.add("gcloud", "");
    programs.add("aws", "");
    const from = parts();
    for (const where of ["gke", "eks", "local"] as const) assert.ok(checks(aWish(where), from).length > 3);
    assert.deepEqual(from.live.known(aWish("gke")), {});
    assert.deepEqual([programs.calls("gcloud"), programs.calls("aws")], [[], []]);
  });

  it("results are told one by one, each line from waiting over running to its end", async () => {
    programs.add("gcloud", `fail("ERROR: (gcloud.x) PERMISSION_DENIED: no")`);
    const seen: string[][] = [];
    await runChecks(checks(aWish("gke"), parts()), (all) => seen.push(all.map(({ state }) => state)), signal);
    assert.ok(seen[0]?.every((state) => state === "waiting"));
    assert.ok(seen.some((states) => states.includes("running") && states.includes("waiting")));
    assert.ok(seen.at(-1)?.every((state) => !["waiting", "running"].includes(state)));
  });

  it("a program that is missing is one failure with its page; the other lines say that they need it", async () => {
    const done = await run();
    assert.equal(done.get("gcloud")?.state, "failed");
    assert.equal(done.get("gcloud")?.does?.kind, "open");
    assert.deepEqual([done.get("quota")?.state, done.get("quota")?.detail], ["skipped", "This needs gcloud."]);
  });

  it("a sign-in that is missing is one failure with a terminal; Terraform's own is another", async () => {
    const none = JSON.stringify(
      "ERROR: (gcloud.x) You do not currently have an active account selected.\n  $ gcloud auth login\n",
    );
    programs.add(
      "gcloud",
      `is("version") ? out({ "Google Cloud SDK": "528.0.0" }) : is("auth", "application-default") ? fail("ERROR: no credentials") : fail(${none})`,
    );
    const done = await run();
    assert.deepEqual(done.get("account")?.does, {
      title: "Sign In",
      kind: "terminal",
      argv: ["gcloud", "auth", "login"],
    });
    assert.equal(done.get("project")?.state, "skipped");
    const own = done.get("adc");
    assert.deepEqual(
      [own?.state, own?.does],
      ["failed", { title: "Sign In", kind: "terminal", argv: ["gcloud", "auth", "application-default", "login"] }],
    );
  });

  it("tokens are in no result and in no log", async () => {
    programs.add("gcloud", `is("auth") ? console.log("ya29.secret-token") : fail("ERROR: token=ya29.secret-token")`);
    const from = parts();
    const done = await run(aWish("gke"), from);
    assert.equal(done.get("adc")?.state, "ok");
    assert.doesNotMatch(JSON.stringify([[...done.values()], from.logged]), /secret-token/);
  });

  it("hostile names reach a program as one argument each, or no program at all", async () => {
    programs.add("gcloud", `out([])`);
    const odd = `--format=x $(touch pwned) "' OR true`;
    const wish = aWish("gke", { name: odd, gke: { project: odd, region: odd, cpu: { machine: odd } } });
    const done = await run(wish);
    assert.equal(done.get("zones")?.state, "warning");
    for (const { args } of programs.calls("gcloud")) {
      for (const arg of args.filter((one) => one.includes("pwned"))) assert.match(arg, /^--(project|location)=/);
    }
    const left = await leftovers(wish, parts().programs, signal);
    assert.deepEqual(left.items, []);
    assert.match(left.notes[0] ?? "", /is not a name that the cloud knows/);
  });

  it("a state that nobody chose a place for fails; a bucket that is missing can be made", async () => {
    programs.add(
      "aws",
      `fail("An error occurred (NoSuchBucket) when calling the GetBucketVersioning operation: none")`,
    );
    const unset = await run(aWish("eks", { state: { kind: "unset" } }));
    assert.deepEqual([unset.get("state")?.state, unset.get("state")?.does], ["failed", undefined]);
    const shared = await run(aWish("eks", { state: { kind: "shared", bucket: "team-tf", prefix: "" } }));
    const fix = shared.get("state")?.does;
    assert.ok(fix?.kind === "run");
    assert.deepEqual(fix.argv.slice(0, 4), ["aws", "s3api", "create-bucket", "--bucket=team-tf"]);
    programs.add("aws", `out({})`);
    await runFix(fix, parts().programs, signal);
    assert.deepEqual(programs.calls("aws").at(-1)?.args, fix.argv.slice(1));
  });

  it("a version that EKS has not can be set to its default", async () => {
    programs.add(
      "aws",
      `is("eks", "describe-cluster-versions") ? out({ clusterVersions: [{ clusterVersion: "1.36", defaultVersion: true }] }) : fail("no")`,
    );
    const done = await run(aWish("eks", { eks: { version: "1.20" } }));
    assert.deepEqual(done.get("versions")?.does, {
      title: "Use 1.36",
      kind: "set",
      field: "eks.version",
      value: "1.36",
    });
  });

  it("what is missing or taken has a button: a free name, a region or a machine that is there, the page of roles", async () => {
    const set = (field: string, value: string) => ({ title: `Use ${value}`, kind: "set", field, value });
    const zones = (...names: string[]): string => JSON.stringify(names.map((name) => ({ name, zone: "z/us-east1-b" })));
    programs.add(
      "gcloud",
      `is("compute", "machine-types") ? out(${zones("e2-standard-4")}) : is("compute", "accelerator-types") ? out([])
         : is("container", "clusters", "list") ? out([{ name: "ml-team", location: "us-east1", status: "RUNNING" }])
         : is("projects", "get-iam-policy") ? out({ bindings: [] }) : is("compute", "regions") ? out([{ name: "us-east1" }])
         : out([])`,
    );
    const gke = await run(aWish("gke", { gke: { region: "us-east1", zones: ["us-east1-b"] } }));
    assert.match(gke.get("zones")?.detail ?? "", /^nvidia-l4 is not offered in us-east1\.$/);
    const [fix, roles] = [gke.get("zones")?.does, gke.get("permissions")?.does];
    assert.ok(fix?.kind === "set" && fix.field === "gke.region" && fix.value !== "us-east1", JSON.stringify(fix));
    assert.deepEqual(gke.get("name")?.does, set("name", "ml-team-2"));
    assert.ok(roles?.kind === "open" && roles.url.includes("project=proj-1"));
    const offer = (type: string): object => ({ InstanceType: type, Location: "us-west-2a" });
    programs.add(
      "aws",
      `is("ec2", "describe-instance-type-offerings") ? out({ InstanceTypeOfferings: ${JSON.stringify(["m5.xlarge", "g5.4xlarge"].map(offer))} })
         : is("ec2", "describe-availability-zones") ? out({ AvailabilityZones: [{ ZoneName: "us-west-2a", ZoneId: "usw2-az1" }] })
         : is("iam") ? out({ EvaluationResults: [{ EvalActionName: "iam:CreateRole", EvalDecision: "implicitDeny" }] })
         : is("configure") ? console.log("") : out({ Arn: "arn:aws:iam::1:user/ada" })`,
    );
    const eks = await run(aWish("eks"));
    assert.deepEqual(eks.get("zones")?.does, set("eks.gpu.machine", "g5.4xlarge"));
    assert.equal(eks.get("permissions")?.does?.kind, "open");
  });

  it("checks that are aborted end their programs", async () => {
    programs.add("gcloud", `setInterval(() => {}, 1000)`);
    const abort = new AbortController();
    const running = runChecks(
      checks(aWish("gke"), parts()),
      (all) => {
        if (all.some(({ state }) => state === "running")) abort.abort();
      },
      abort.signal,
    );
    await assert.rejects(running, { name: "CancelledError" });
  });

  it("live facts are asked once for a place, by one flight, and kept; what refuses is a note and asked again", async () => {
    programs.add(
      "aws",
      `is("eks", "list-clusters") ? out({ clusters: ["a"] }) : is("configure") ? console.log("") : out({ Regions: [] })`,
    );
    const facts = new LiveFacts(parts());
    const wish = aWish("eks");
    const [first, second] = await Promise.all([facts.ask(wish, signal), facts.ask(wish, signal)]);
    assert.equal(first, second);
    assert.deepEqual(first.live.eks?.clusters, ["a"]);
    const calls = programs.calls("aws").length;
    await facts.ask(wish, signal);
    assert.equal(programs.calls("aws").length, calls, "kept");
    assert.deepEqual(facts.known(wish).eks?.clusters, ["a"]);
    programs.add("aws", `fail("An error occurred (AccessDenied) when calling x: no")`);
    const refused = await facts.ask(aWish("eks", { eks: { region: "eu-west-1" } }), signal);
    assert.ok(refused.notes.length > 0);
    const after = programs.calls("aws").length;
    await facts.ask(aWish("eks", { eks: { region: "eu-west-1" } }), signal);
    assert.ok(programs.calls("aws").length > after);
  });

  it("what was told of one region, tool or machine stands for no other, and a run of ours forgets names", async () => {
    programs.add(
      "aws",
      `const taken = option("--region") === "us-east-1" ? ["kubeflow-01"] : [];
       is("eks", "list-clusters") ? out({ clusters: taken })
         : is("ec2", "describe-regions") ? out({ Regions: [{ RegionName: "us-east-1" }, { RegionName: "eu-west-1" }] })
         : is("configure", "list-profiles") ? console.log("team") : is("configure") ? console.log("us-east-1") : out({})`,
    );
    programs.add("k3d", `out([{ name: "lab", serversRunning: 1 }])`);
    const facts = new LiveFacts(parts());
    const at = (region: string) => aWish("eks", { name: "kubeflow-01", eks: { region } });
    const isTaken = (region: string): boolean =>
      findings(at(region), facts.known(at(region)), "").some(({ code }) => code === "name-taken");
    await facts.ask(at("us-east-1"), signal);
    assert.deepEqual([isTaken("us-east-1"), isTaken("eu-west-1")], [true, false]);
    assert.equal(facts.known(at("eu-west-1")).eks?.regions?.length, 2, "the account's regions stay known");
    await facts.ask(at("eu-west-1"), signal);
    assert.deepEqual([isTaken("us-east-1"), isTaken("eu-west-1")], [true, false]);
    facts.forget();
    assert.equal(isTaken("us-east-1"), false);
    const local = (tool: "k3d" | "kind") => aWish("local", { name: "lab", local: { tool } });
    await facts.ask(local("k3d"), signal);
    assert.deepEqual(facts.known(local("k3d")).computer?.clusters, ["lab"]);
    assert.equal(facts.known(local("kind")).computer, undefined);
  });

  it("zones of EKS count as network.tf takes them: one with the GPU will do, none without a control plane", async () => {
    const zone = (end: string, id: string) => ({ ZoneName: `us-east-1${end}`, ZoneId: id, State: "available" });
    const offer = (type: string, end: string) => ({ InstanceType: type, Location: `us-east-1${end}` });
    const aws = (zones: readonly object[], offers: readonly object[]): string =>
      `is("ec2", "describe-availability-zones") ? out({ AvailabilityZones: ${JSON.stringify(zones)} })
         : is("ec2", "describe-instance-type-offerings") ? out({ InstanceTypeOfferings: ${JSON.stringify(offers)} })
         : is("configure") ? console.log("") : out({})`;
    const wish = aWish("eks", { eks: { region: "us-east-1" } });
    const told = async (zones: readonly object[], offers: readonly object[]): Promise<string> => {
      programs.add("aws", aws(zones, offers));
      const line = (await run(wish)).get("zones");
      return `${line?.state ?? ""}: ${line?.detail ?? ""}`;
    };
    const [a, b, e] = [zone("a", "use1-az1"), zone("b", "use1-az2"), zone("e", "use1-az3")];
    const cpu = ["a", "b", "e"].map((end) => offer("m5.xlarge", end));
    assert.equal(
      await told([a, b, e], [...cpu, offer("g5.xlarge", "b")]),
      "ok: g5.xlarge is offered in us-east-1b; m5.xlarge is offered in us-east-1a, us-east-1b.",
    );
    assert.match(await told([a, b, e], [...cpu, offer("g5.xlarge", "e")]), /^failed: g5\.xlarge is offered in no zone/);
    assert.match(
      await told([a, e], [...cpu, offer("g5.xlarge", "a")]),
      /^failed: .*needs two zones, and the account has 1/,
    );
    const network = readFileSync(path.join(ROOT, "media", "terraform", "eks", "network.tf"), "utf8");
    assert.ok(network.includes(JSON.stringify(LIMITS.eks.notZones).replaceAll(",", ", ")));
  });

  it("a version that is past standard support is neither offered nor taken, and the quota is that of the machine", async () => {
    programs.add(
      "aws",
      `is("eks", "describe-cluster-versions") ? out({ clusterVersions: [
           { clusterVersion: "1.36", versionStatus: "STANDARD_SUPPORT", defaultVersion: true, endOfStandardSupportDate: "2027-08-02T00:00:00Z" },
           { clusterVersion: "1.34", versionStatus: "EXTENDED_SUPPORT" }] })
         : is("service-quotas") ? out({ Quota: { Value: 64 } }) : is("configure") ? console.log("") : out({})`,
    );
    const from = parts();
    const wish = aWish("eks", { eks: { version: "1.34", cpu: { machine: "c6i.4xlarge" } } });
    const done = await run(wish, from);
    assert.match(done.get("versions")?.detail ?? "", /offers no version 1\.34 under standard support/);
    assert.deepEqual(from.live.known(wish).eks?.versions, [{ version: "1.36", ends: "2027-08-02" }]);
    assert.match(done.get("quota-cpu")?.detail ?? "", /those of 5 × c6i\.4xlarge needed .*not known here/);
    assert.match(done.get("quota-gpu")?.detail ?? "", /^L-3819A6DF: 64 vCPUs, 8 needed/);
  });

  it("the quota of EKS is what others leave of it: those of the family that run, however they are bought", async () => {
    const running = (...rows: unknown[][]) =>
      programs.add(
        "aws",
        `is("ec2", "describe-instances") ? out(${JSON.stringify(rows)})
           : is("service-quotas") ? out({ Quota: { Value: 24 } }) : is("configure") ? console.log("") : out({})`,
      );
    const told = async (): Promise<string> => {
      const line = (await run(aWish("eks"))).get("quota-cpu");
      return `${line?.state ?? ""}: ${line?.detail ?? ""}`;
    };
    running(["m5.large", null, 1, 2, null], ["c6i.large", null, 1, 2, null], ["m5.xlarge", "spot", 2, 2, null]);
    assert.equal(await told(), "ok: L-1216C47A: 24 vCPUs (4 in use), 20 needed for the full pool.");
    running(["m5.2xlarge", null, 4, 2, null], ["g5.xlarge", null, 2, 2, null]);
    assert.match(await told(), /^warning: L-1216C47A: 24 vCPUs \(8 in use\), 20 needed/);
    // Its own nodes are what the need is made of.
    running(["m5.2xlarge", null, 4, 2, "ml-team"]);
    assert.match(await told(), /^ok: .* \(0 in use\)/);
    running(["c6i.large", null, null, null, null]);
    assert.match(await told(), /^ok: .* 24 vCPUs, 20 needed for the full pool\. What is in use already is not told\.$/);
  });

  it("a profile that was chosen is alone: keys of the environment would be another account's", async () => {
    programs.add("aws", `out({ Arn: "x" })`);
    const env = {
      PATH: programs.bin,
      HOME: programs.folder,
      SHELL: "",
      AWS_ACCESS_KEY_ID: "AKIA",
      AWS_SESSION_TOKEN: "t",
    };
    for (const profile of ["team", ""]) {
      const { programs: own } = cloudParts(env, programs.storage);
      await own.json(awsCall(["sts", "get-caller-identity"], { profile, region: "us-east-1" }, signal));
      const seen = programs.calls("aws").at(-1)?.env ?? {};
      const keys = profile === "" ? ["AKIA", "t"] : [undefined, undefined];
      assert.deepEqual([seen["AWS_ACCESS_KEY_ID"], seen["AWS_SESSION_TOKEN"]], keys);
    }
  });

  describe("the merge into the person's kubeconfig", () => {
    const ours = kubeconfig("aws", "made");
    const theirs =
      "# mine\napiVersion: v1\nkind: Config\nclusters:\n  # the lab\n  - name: c\n    cluster: { server: https://10.9.9.9 }\nusers: []\ncontexts: []\ncurrent-context: lab\n";

    it("keeps comments, order and the current context, renames what clashes, and says so", () => {
      const { after, context, renamed } = mergeText(theirs, ours);
      assert.match(after, /^# mine\n[\s\S]*# the lab/);
      assert.equal(context, "made");
      assert.deepEqual(renamed, ["The cluster c is called c-2 here: another one has that name."]);
      const read = parse(after) as { "current-context": string; contexts: unknown; clusters: { name: string }[] };
      assert.equal(read["current-context"], "lab");
      assert.deepEqual(read.contexts, [{ name: "made", context: { cluster: "c-2", user: "u" } }]);
      assert.deepEqual(
        read.clusters.map(({ name }) => name),
        ["c", "c-2"],
      );
    });

    it("is the same when done twice, and makes a whole file of nothing", () => {
      const once = mergeText("", ours).after;
      assert.equal(mergeText(once, ours).after, once);
      assert.equal((parse(once) as { "current-context": string })["current-context"], "made");
      assert.throws(() => mergeText("{a: [", ours), /Your kubeconfig is not valid YAML/);
    });

    it("writes what was shown, through a link, with a backup beside, and nothing where the file has changed since", async () => {
      const folder = path.join(programs.folder, "kube");
      mkdirSync(folder);
      const [real, link, own] = ["real", "config", "ours"].map((name) => path.join(folder, name));
      assert.ok(real !== undefined && link !== undefined && own !== undefined);
      writeFileSync(real, theirs);
      symlinkSync(real, link);
      writeFileSync(own, ours);
      const preview = await previewMerge(
        own,
        { KUBECONFIG: `${path.join(folder, "none")}${path.delimiter}${link}` },
        process.platform,
      );
      assert.equal(preview.file, link);
      assert.equal(readFileSync(real, "utf8"), theirs, "a preview writes nothing");
      const backup = await merge(preview, Date.UTC(2026, 10, 22));
      assert.equal(readFileSync(backup ?? "", "utf8"), theirs);
      assert.equal(readFileSync(link, "utf8"), preview.after);
      assert.equal(statSync(real).mode & 0o777, 0o600);
      await assert.rejects(merge(preview, Date.now()), /has changed since it was shown/);
      assert.equal(readdirSync(folder).filter((name) => name.includes("before-trainyard")).length, 1);
    });
  });
});
