import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { errorCode, isUserError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/log.ts";
import { type CloudCluster, ExistingClusters } from "../../src/provision/index.ts";
import { findHere, itWith } from "../rings/cloudPrograms.ts";

type Answer = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];

const EC2_REGIONS =
  '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><regionInfo><item><regionName>eu-west-1</regionName></item><item><regionName>eu-central-1</regionName></item></regionInfo></DescribeRegionsResponse>';

// The clouds' own programs, where this computer has them, against a small server that speaks their APIs.
describe("existing clusters, with the real gcloud and aws", function () {
  // Each call starts an interpreter, some under a shim.
  this.timeout(120_000);
  const { signal } = new AbortController();
  let server: Server;
  let url: string;
  let home: string;
  let answer: (target: string) => Answer;
  const { platform } = process;

  before(async () => {
    server = createServer((request, response) => {
      const [status, body, headers] = answer(request.url ?? "");
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => (home = mkdtempSync(path.join(tmpdir(), "trainyard-clouds-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** Nothing of this computer's own set-up but where programs are. */
  function existing(more: NodeJS.ProcessEnv = {}): ExistingClusters {
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS|CLOUDSDK|KUBE|GOOGLE)/.test(name));
    const env = {
      ...Object.fromEntries(own),
      HOME: home,
      NO_PROXY: "127.0.0.1",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_ENDPOINT_URL: url,
      AWS_CONFIG_FILE: path.join(home, "aws-config"),
      CLOUDSDK_CONFIG: path.join(home, "gcloud"),
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${url}/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER: `${url}/`,
      ...more,
    };
    return new ExistingClusters({ env, platform, storage: path.join(home, "storage"), log: silentLogger });
  }

  /** The step that the failure offers. */
  async function signIn(work: Promise<unknown>): Promise<unknown> {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(isUserError(error), String(error));
    assert.equal(error.code, "sign-in-needed", error.message);
    return error.next[0]?.args?.[0];
  }

  const cluster = (name: string, location: string): CloudCluster => ({ name, location, state: "", version: "" });

  describe("aws", () => {
    const keys = { AWS_ACCESS_KEY_ID: "none", AWS_SECRET_ACCESS_KEY: "none" };

    itWith("aws", "lists regions and all pages of clusters, and writes a kubeconfig of ours", async () => {
      answer = (target) => {
        const { pathname, searchParams } = new URL(target, url);
        if (pathname === "/") return [200, EC2_REGIONS, { "content-type": "text/xml" }];
        if (pathname === "/clusters")
          return [200, searchParams.has("nextToken") ? { clusters: ["b"] } : { clusters: ["a"], nextToken: "2" }];
        const [name, certificateAuthority] = [path.posix.basename(pathname), { data: "Y2E=" }];
        const status = name === "a" ? "ACTIVE" : "CREATING";
        const arn = `arn:aws:eks:eu-west-1:123456789012:cluster/${name}`;
        return [
          200,
          { cluster: { name, arn, status, version: "1.35", endpoint: "https://x.test", certificateAuthority } },
        ];
      };
      const { eks } = existing({ ...keys, AWS_DEFAULT_REGION: "eu-west-1" });
      assert.deepEqual(await eks.regions(undefined, signal), {
        items: ["eu-central-1", "eu-west-1"],
        current: "eu-west-1",
      });
      const place = { profile: undefined, region: "eu-west-1" };
      const { items } = await eks.clusters(place, signal);
      assert.deepEqual(
        items.map(({ name, state, version }) => [name, state, version]),
        [
          ["a", "active", "1.35"],
          ["b", "creating", "1.35"],
        ],
      );
      const { file, context } = await eks.add(place, cluster("a", "eu-west-1"), signal);
      assert.equal(context, "arn:aws:eks:eu-west-1:123456789012:cluster/a");
      assert.match(readFileSync(file, "utf8"), /command: aws/);
      const refused = eks.add(place, cluster("b", "eu-west-1"), signal);
      await assert.rejects(refused, /The cluster b was not added\. aws said: .*Cluster status is CREATING/);
      assert.deepEqual(readdirSync(path.dirname(file)), [path.basename(file)]);
      assert.ok(!readdirSync(home).includes(".kube"));
    });

    itWith("aws", "tells a missing sign-in, one that has expired, and one that the server refuses", async () => {
      answer = () => [403, { message: "expired" }, { "x-amzn-errortype": "ExpiredTokenException" }];
      const place = { profile: undefined, region: "eu-west-1" };
      const none = await signIn(existing().eks.clusters(place, signal));
      assert.match(JSON.stringify(none), /^\{"kind":"sign-in","program":"aws","way":"(configure|login)"\}$/);
      const refused = { kind: "sign-in", program: "aws", way: "sso" };
      assert.deepEqual(await signIn(existing(keys).eks.clusters(place, signal)), refused);
      writeFileSync(
        path.join(home, "aws-config"),
        '[profile "od d"]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = x\n[sso-session corp]\nsso_start_url = https://x.test\nsso_region = eu-west-1\n',
      );
      const profiled = { profile: "od d", region: "eu-west-1" };
      assert.deepEqual(await signIn(existing().eks.clusters(profiled, signal)), { ...refused, profile: "od d" });
      const cache = path.join(home, ".aws", "sso", "cache");
      mkdirSync(cache, { recursive: true });
      const token = {
        startUrl: "https://x.test",
        region: "eu-west-1",
        accessToken: "x",
        expiresAt: "2020-01-01T00:00:00Z",
      };
      writeFileSync(path.join(cache, `${createHash("sha1").update("corp").digest("hex")}.json`), JSON.stringify(token));
      assert.deepEqual(await signIn(existing().eks.clusters(profiled, signal)), { ...refused, profile: "od d" });
    });

    itWith("aws", "does without what it may not ask or cannot list", async () => {
      answer = () => [403, "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>"];
      const { eks } = existing(keys);
      assert.deepEqual(await eks.regions(undefined, signal), { items: [], current: undefined });
      // Version 1 has no such command.
      assert.deepEqual(await eks.profiles(signal), { items: [], current: undefined });
    });
  });

  describe("gcloud", () => {
    function signedIn(): ExistingClusters {
      const token = path.join(home, "token");
      writeFileSync(token, "none");
      return existing({ CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: token, CLOUDSDK_CORE_PROJECT: "proj-1" });
    }

    itWith("gcloud", "lists projects and clusters, and writes a kubeconfig of ours", async () => {
      const running = {
        name: "a",
        location: "us-central1",
        zone: "us-central1",
        status: "RUNNING",
        endpoint: "10.0.0.1",
      };
      const more = {
        currentMasterVersion: "1.35.8-gke.1",
        currentNodeCount: 3,
        masterAuth: { clusterCaCertificate: "Y2E=" },
      };
      const broken = { name: "b", location: "us-east1-b", zone: "us-east1-b", status: "ERROR" };
      answer = (target) => {
        const { pathname } = new URL(target, url);
        if (pathname.endsWith("/a")) return [200, { ...running, ...more }];
        if (pathname.endsWith("/b")) return [200, broken];
        if (pathname.endsWith("/clusters"))
          return [200, { clusters: [{ ...running, ...more }, broken], missingZones: ["us-west1-a"] }];
        return [200, { projects: [{ projectId: "proj-1", name: "One", lifecycleState: "ACTIVE" }] }];
      };
      const { gke } = signedIn();
      assert.deepEqual(await gke.projects(signal), { items: [{ id: "proj-1", name: "One" }], current: "proj-1" });
      assert.deepEqual(await gke.clusters("proj-1", signal), {
        items: [
          { name: "a", location: "us-central1", state: "running", version: "1.35.8-gke.1", nodes: 3 },
          { name: "b", location: "us-east1-b", state: "error", version: "" },
        ],
        note: "us-west1-a did not answer",
      });
      const adding = gke.add("proj-1", cluster("a", "us-central1"), signal);
      if ((await findHere("gke-gcloud-auth-plugin")) === undefined) {
        await assert.rejects(adding, (error) => errorCode(error) === "plugin-missing");
      } else {
        const { file, context } = await adding;
        assert.equal(context, "gke_proj-1_us-central1_a");
        assert.match(readFileSync(file, "utf8"), /gke-gcloud-auth-plugin/);
      }
      await assert.rejects(
        gke.add("proj-1", cluster("b", "us-east1-b"), signal),
        /The cluster b was not added\. gcloud said: /,
      );
      assert.ok(!readdirSync(home).includes(".kube"));
    });

    itWith("gcloud", "tells a missing sign-in, and one that the server refuses", async () => {
      answer = () => [401, { error: { code: 401, message: "no", status: "UNAUTHENTICATED" } }];
      const step = { kind: "sign-in", program: "gcloud" };
      assert.deepEqual(await signIn(existing().gke.projects(signal)), step);
      assert.deepEqual(await signIn(signedIn().gke.clusters("proj-1", signal)), step);
    });
  });
});
