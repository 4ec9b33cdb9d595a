import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isCancelled } from "../../core/errors.ts";
import type { CloudCluster } from "./cloudCluster.ts";
import { failure, gone, kubeconfig, StandIns, tick } from "./testing/standIns.ts";

const CLUSTER: CloudCluster = { name: "team-a", location: "us-central1", state: "running", version: "1.35" };

describe("existing clusters, with stand-ins for gcloud and aws", () => {
  const { signal } = new AbortController();
  let programs: StandIns;
  beforeEach(() => (programs = new StandIns()));
  afterEach(() => programs.remove());

  describe("gcloud", () => {
    it("lists projects and names the current one, asking and paging nothing, in the person's environment", async () => {
      programs.add(
        "gcloud",
        `if (is("config", "get-value", "project")) console.log("proj-2");
         else out([{ projectId: "proj-1", name: "One" }, { projectId: "example.com:proj-2" }, { name: "no id" }, 7]);`,
      );
      const { items, current } = await programs.existing(8000, { CLOUDSDK_CONFIG: "/theirs" }).gke.projects(signal);
      assert.deepEqual(items, [
        { id: "proj-1", name: "One" },
        { id: "example.com:proj-2", name: "" },
      ]);
      assert.equal(current, "proj-2");
      for (const { env } of programs.calls("gcloud")) {
        assert.equal(env["CLOUDSDK_CORE_DISABLE_PROMPTS"], "1");
        assert.equal(env["CLOUDSDK_CONFIG"], "/theirs");
        assert.equal(env["KUBECONFIG"], undefined);
      }
    });

    it("knows of no project where there is none, or where they may not be listed", async () => {
      programs.add("gcloud", `is("config") ? fail("(unset)\\n", 0) : out([]);`);
      assert.deepEqual(await programs.existing().gke.projects(signal), { items: [], current: undefined });
      programs.add(
        "gcloud",
        `is("config") ? console.log("p") : fail("ERROR: (gcloud.projects.list) PERMISSION_DENIED");`,
      );
      assert.deepEqual(await programs.existing().gke.projects(signal), { items: [], current: "p" });
    });

    it("lists clusters of every state, whatever they are called, and says which zones were silent", async () => {
      const odd = `--project=evil $(touch x) 'é"`;
      programs.add(
        "gcloud",
        `console.error("WARNING: The following zones did not respond: us-west1-a, us-west1-b. List results may be incomplete.");
         out([
           { name: "a", location: "us-central1", status: "RUNNING", currentMasterVersion: "1.35.8", currentNodeCount: 3 },
           { name: "b", location: "us-east1-b", status: "ERROR", currentNodeCount: 1e12 },
           { name: ${JSON.stringify(odd)}, location: "x" }, { location: "no name" }, null,
         ]);`,
      );
      const { items, note } = await programs.existing().gke.clusters(odd, signal);
      assert.deepEqual(items, [
        { name: "a", location: "us-central1", state: "running", version: "1.35.8", nodes: 3 },
        { name: "b", location: "us-east1-b", state: "error", version: "", nodes: 100_000 },
        { name: odd, location: "x", state: "", version: "" },
      ]);
      assert.equal(note, "us-west1-a, us-west1-b did not answer");
      assert.ok(programs.calls("gcloud")[0]?.args.includes(`--project=${odd}`), "one argument, as it is");
    });

    it("an empty list is one without a note", async () => {
      programs.add("gcloud", `out([])`);
      assert.deepEqual(await programs.existing().gke.clusters("p", signal), { items: [] });
    });

    it("has the kubeconfig written to a private file of ours, and to no other", async () => {
      const theirs = path.join(programs.folder, "their-config");
      writeFileSync(theirs, "theirs");
      programs.add("gke-gcloud-auth-plugin", "");
      programs.add(
        "gcloud",
        `fs.writeFileSync(process.env.KUBECONFIG, ${JSON.stringify(kubeconfig("gke-gcloud-auth-plugin", "gke_p_us-central1_team-a"))}, { mode: 0o644 });`,
      );
      const clusters = programs.existing(8000, { KUBECONFIG: theirs });
      const { file, context } = await clusters.gke.add("p", CLUSTER, signal);
      assert.equal(context, "gke_p_us-central1_team-a");
      assert.deepEqual(programs.kept(), [path.basename(file)]);
      assert.equal(path.dirname(file), path.join(programs.storage, "kubeconfigs"));
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
      assert.equal(readFileSync(theirs, "utf8"), "theirs");
      const args = [
        "container",
        "clusters",
        "get-credentials",
        "--location=us-central1",
        "--project=p",
        "--",
        "team-a",
      ];
      assert.deepEqual(programs.calls("gcloud")[0]?.args, args);
      assert.equal((await clusters.gke.add("p", CLUSTER, signal)).file, file, "the same cluster is the same file");
      const other = await clusters.gke.add("p", { ...CLUSTER, name: "../../team a" }, signal);
      assert.equal(path.dirname(other.file), path.dirname(file));
      assert.deepEqual(programs.kept(), [path.basename(other.file), path.basename(file)].sort());
    });

    it("forgets a file of ours when told, and no other", async () => {
      const theirs = path.join(programs.folder, "their-config");
      writeFileSync(theirs, "theirs");
      programs.add("aws", `fs.writeFileSync(option("--kubeconfig"), ${JSON.stringify(kubeconfig("aws", "c"))});`);
      const clusters = programs.existing();
      const { file } = await clusters.eks.add({ profile: undefined, region: "r" }, CLUSTER, signal);
      await clusters.files.remove(theirs);
      await clusters.files.remove(path.join(programs.storage, "kubeconfigs", "..", "..", "their-config"));
      assert.ok(existsSync(theirs));
      await clusters.files.remove(file);
      assert.deepEqual(programs.kept(), []);
    });

    it("without the GKE plugin nothing is kept, and the person is shown how to get it", async () => {
      programs.add(
        "gcloud",
        `fs.writeFileSync(process.env.KUBECONFIG, ${JSON.stringify(kubeconfig("gke-gcloud-auth-plugin", "c"))});`,
      );
      const error = await failure(programs.existing().gke.add("p", CLUSTER, signal));
      assert.equal(error.code, "plugin-missing");
      assert.match(error.message, /not added.*gke-gcloud-auth-plugin, which was not found.*gcloud components install/);
      assert.deepEqual(
        error.next.map(({ title }) => title),
        ["Copy Command", "How to Install"],
      );
      assert.deepEqual(programs.kept(), []);
    });

    for (const [what, content, sentence] of [
      ["two contexts", kubeconfig("aws", "a", "b"), /holds 2 contexts instead of one/],
      ["no context", kubeconfig("aws"), /holds 0 contexts/],
      ["no sign-in program", kubeconfig("aws", "a").replace('"exec"', '"odd"'), /names no sign-in program/],
      ["no YAML", "{a: [", /not valid YAML/],
      ["a user that is missing", kubeconfig("aws", "a").replace('"name":"u"', '"name":"v"'), /names the user u/],
      ["nothing", undefined, /does not exist/],
    ] as const) {
      it(`a kubeconfig with ${what} is not kept`, async () => {
        programs.add(
          "aws",
          content === undefined ? "" : `fs.writeFileSync(option("--kubeconfig"), ${JSON.stringify(content)})`,
        );
        const error = await failure(programs.existing().eks.add({ profile: undefined, region: "r" }, CLUSTER, signal));
        assert.match(error.message, sentence);
        assert.deepEqual(programs.kept(), []);
      });
    }
  });

  describe("aws", () => {
    it("lists profiles, regions and clusters, with version and state as far as they may be read", async () => {
      const profile = `od d'é --region=x`;
      programs.add(
        "aws",
        `if (is("configure", "list-profiles")) console.log("default\\n" + ${JSON.stringify(profile)});
         else if (is("configure", "get", "region")) console.log("eu-west-1");
         else if (is("ec2")) out({ Regions: [{ RegionName: "us-east-1" }, { RegionName: "eu-west-1" }, {}] });
         else if (is("eks", "list-clusters")) out({ clusters: ["a", "b", "--c", 7] });
         else if (option("--name") === "b") fail("An error occurred (AccessDeniedException) when calling the DescribeCluster operation");
         else out({ cluster: { name: option("--name"), status: option("--name") === "a" ? "ACTIVE" : "FAILED", version: "1.35" } });`,
      );
      const { eks } = programs.existing(8000, { AWS_PROFILE: "work" });
      assert.deepEqual(await eks.profiles(signal), { items: ["default", profile], current: "work" });
      assert.deepEqual(await eks.regions(profile, signal), { items: ["eu-west-1", "us-east-1"], current: "eu-west-1" });
      const location = "eu-west-1";
      assert.deepEqual(await eks.clusters({ profile, region: location }, signal), {
        items: [
          { name: "a", location, state: "active", version: "1.35" },
          { name: "b", location, state: "", version: "" },
          { name: "--c", location, state: "failed", version: "1.35" },
        ],
      });
      for (const { args, env } of programs.calls("aws")) {
        assert.equal(env["AWS_PAGER"], "");
        assert.equal(env["AWS_CLI_AUTO_PROMPT"], "off");
        if (args[1] !== "list-profiles") assert.equal(args.at(-1), `--profile=${profile}`);
      }
    });

    it("does without profiles where aws cannot list them, and without regions where the account may not", async () => {
      programs.add(
        "aws",
        `is("configure", "list-profiles") ? fail("aws: error: argument subcommand: Invalid choice", 2)
         : is("configure") ? process.exit(1)
         : fail("An error occurred (UnauthorizedOperation) when calling the DescribeRegions operation: no", 255);`,
      );
      const { eks } = programs.existing();
      assert.deepEqual(await eks.profiles(signal), { items: [], current: undefined });
      assert.deepEqual(await eks.regions(undefined, signal), { items: [], current: undefined });
      assert.deepEqual(
        (await programs.existing(8000, { AWS_REGION: "eu-north-1" }).eks.regions(undefined, signal)).current,
        "eu-north-1",
      );
    });

    it("asks no more than eight clusters for their state", async () => {
      programs.add(
        "aws",
        `is("eks", "list-clusters") ? out({ clusters: [..."abcdefghijkl"] }) : out({ cluster: { status: "ACTIVE" } });`,
      );
      const { items } = await programs.existing(20_000).eks.clusters({ profile: undefined, region: "r" }, signal);
      assert.equal(items.length, 12);
      assert.equal(items.filter(({ state }) => state === "active").length, 8);
      assert.equal(programs.calls("aws").length, 9);
    }).timeout(20_000);

    it("a cluster that is not active is not added, in aws' own words", async () => {
      programs.add("aws", `fail("\\nCluster status is CREATING\\n", 255)`);
      const error = await failure(programs.existing().eks.add({ profile: undefined, region: "r" }, CLUSTER, signal));
      assert.equal(error.message, "The cluster team-a was not added. aws said: Cluster status is CREATING");
      assert.deepEqual(programs.kept(), []);
    });
  });

  it("cancelled while a program writes the kubeconfig: it is ended and no file is left", async () => {
    programs.add(
      "aws",
      `fs.writeFileSync(option("--kubeconfig"), ${JSON.stringify(kubeconfig("aws", "c"))}); setInterval(() => {}, 1000);`,
    );
    const cancel = new AbortController();
    const adding = programs.existing().eks.add({ profile: undefined, region: "r" }, CLUSTER, cancel.signal);
    const left = assert.rejects(adding, isCancelled);
    while (
      !programs.kept().some((attempt) => existsSync(path.join(programs.storage, "kubeconfigs", attempt, "config")))
    )
      await tick();
    cancel.abort();
    await left;
    assert.deepEqual(programs.kept(), []);
    await gone(programs.calls("aws")[0]?.pid);
  });
});
