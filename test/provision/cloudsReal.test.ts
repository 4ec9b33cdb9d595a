import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fetchKubeconfig } from "../../src/provision/cloud/afterCreate.ts";
import { runChecks } from "../../src/provision/cloud/checkLines.ts";
import { leftovers } from "../../src/provision/cloud/leftovers.ts";
import { LiveFacts } from "../../src/provision/cloud/live.ts";
import { poolsNow, setNodes } from "../../src/provision/cloud/pools.ts";
import { checks } from "../../src/provision/cloud/preflight.ts";
import { findHere, itWith } from "../rings/cloudPrograms.ts";
import { type Answer, type Asked, aws, gcp } from "./cloudFakes.ts";
import { aWish, type CloudParts, cloudParts } from "./cloudParts.ts";

const TOKEN = "ya29.very-secret-token";

// The clouds' own programs, where this computer has them, against a small server that speaks their APIs.
describe("clouds, with the real gcloud and aws", function () {
  // Each call starts an interpreter, and many do at once.
  this.timeout(240_000);
  const { signal } = new AbortController();
  let server: Server;
  let url: string;
  let home: string;
  let answer: (asked: Asked) => Answer | undefined;
  let asked: Asked[];

  before(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { pathname, searchParams: query } = new URL(request.url ?? "", url);
        const target = String(request.headers["x-amz-target"] ?? "");
        const one: Asked = { method: request.method ?? "", path: pathname, query, body, target };
        asked.push(one);
        const [status, what, type = "application/json"] = answer(one) ?? [
          404,
          { error: { code: 404, message: `no ${pathname}` } },
        ];
        response.writeHead(status, { "content-type": type });
        response.end(typeof what === "string" ? what : JSON.stringify(what));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "trainyard-clouds-"));
    asked = [];
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function parts(): CloudParts {
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS|CLOUDSDK|KUBE|GOOGLE)/.test(name));
    const token = path.join(home, "token");
    writeFileSync(token, TOKEN);
    const at: Readonly<Record<string, string>> = { COMPUTE: "compute/v1/", STORAGE: "storage/v1/" };
    const apis = ["CONTAINER", "CLOUDRESOURCEMANAGER", "CLOUDBILLING", "SERVICEUSAGE", "COMPUTE", "STORAGE"];
    const overrides = apis.map((api): [string, string] => [
      `CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`,
      `${url}/${at[api] ?? ""}`,
    ]);
    const env = {
      ...Object.fromEntries(own),
      ...Object.fromEntries(overrides),
      ...{ HOME: home, NO_PROXY: "127.0.0.1", CLOUDSDK_CONFIG: path.join(home, "gcloud") },
      ...{ CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: token, CLOUDSDK_CORE_ACCOUNT: "ada@example.com" },
      ...{ AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL: url, AWS_CONFIG_FILE: path.join(home, "aws-config") },
      ...{ AWS_ACCESS_KEY_ID: "none", AWS_SECRET_ACCESS_KEY: "none" },
    };
    return cloudParts(env, path.join(home, "storage"), 120_000);
  }

  /** State and words of each check. */
  async function told(wish: ReturnType<typeof aWish>, from: CloudParts): Promise<Record<string, string>> {
    const done = await runChecks(checks(wish, from), () => undefined, signal);
    return Object.fromEntries(done.map(({ id, state, detail }) => [id, `${state}: ${detail}`]));
  }

  itWith("gcloud", "gcloud: every check gets its answer, and the token is nowhere", async () => {
    answer = gcp;
    const from = parts();
    const found = await told(aWish("gke", { state: { kind: "shared", bucket: "state", prefix: "" } }), from);
    assert.match(found["gcloud"] ?? "", /^ok: Version \d+/);
    assert.equal(found["account"], "ok: Signed in as ada@example.com.");
    assert.equal(found["project"], "ok: ML is there.");
    assert.equal(found["billing"], "ok: Billing is on.");
    assert.match(found["apis"] ?? "", /^warning: Off: serviceusage, cloudresourcemanager, iam, artifactregistry\./);
    assert.equal(found["permissions"], "ok: You are an owner of the project.");
    assert.match(
      found["zones"] ?? "",
      /^failed: us-central1-b does not offer L4; us-central1-a or us-central1-c does\.$/,
    );
    assert.match(found["quota"] ?? "", /^warning: NVIDIA_L4_GPUS: 1 of 2 needed/);
    assert.match(found["quota-global"] ?? "", /^warning: GPUS_ALL_REGIONS: 0 of 2 needed/);
    assert.match(found["name"] ?? "", /^failed: .*already/);
    assert.match(found["versions"] ?? "", /^ok: The regular channel makes 1\.35\.8/);
    assert.match(found["state"] ?? "", /^ok: gs:\/\/state keeps older versions\.$/);
    assert.doesNotMatch(JSON.stringify([found, from.logged]), new RegExp(TOKEN));
  });

  itWith("gcloud", "gcloud: pools are read and resized, leftovers listed, live facts told", async () => {
    answer = gcp;
    const from = parts();
    const wish = aWish("gke");
    const pools = await poolsNow(wish, from.programs, signal);
    const [gpu, cpu] = pools;
    assert.deepEqual([gpu?.desired, gpu?.spot, gpu?.gpu, gpu?.zones], [0, true, { name: "nvidia-l4", perNode: 1 }, 2]);
    assert.deepEqual([cpu?.min, cpu?.max, cpu?.scalesItself], [3, 5, true]);
    assert.ok(gpu !== undefined && cpu !== undefined);
    await setNodes(wish, gpu, 2, from.programs, signal);
    const resized = asked.find((one) => one.path.endsWith(":setSize"));
    assert.deepEqual(
      (JSON.parse(resized?.body ?? "{}") as { nodeCount?: number }).nodeCount,
      1,
      "one in each of two zones",
    );
    await assert.rejects(setNodes(wish, cpu, 4, from.programs, signal), /GKE starts a node when a pod waits/);
    const left = await leftovers(wish, from.programs, signal);
    assert.deepEqual(left.items, [
      {
        what: "disk pvc-1 (us-central1-a)",
        argv: ["gcloud", "compute", "disks", "delete", "pvc-1", "--zone=us-central1-a", "--project=proj-1"],
      },
    ]);
    const live = await new LiveFacts(from).ask(wish, signal);
    const { gke } = live.live;
    assert.ok(gke !== undefined);
    assert.deepEqual(gke.zones?.["nvidia-l4"], ["us-central1-a", "us-central1-c"]);
    assert.deepEqual(gke.versions, [{ version: "1.35.8-gke.1036000", ends: "" }]);
    assert.deepEqual(gke.clusters, ["ml-team"]);
  });

  itWith("gcloud", "gcloud: the kubeconfig goes to the DNS endpoint", async () => {
    answer = gcp;
    const from = parts();
    const adding = fetchKubeconfig(aWish("gke"), from, signal);
    if ((await findHere("gke-gcloud-auth-plugin")) === undefined) return assert.rejects(adding, /not found/);
    const { file } = await adding;
    assert.match(readFileSync(file, "utf8"), /gke-x\.us-central1\.gke\.goog/);
  });

  itWith("aws", "aws: every check gets its answer", async () => {
    answer = aws;
    const found = await told(aWish("eks", { state: { kind: "shared", bucket: "state", prefix: "" } }), parts());
    assert.match(
      found["identity"] ?? "",
      /^ok: Signed in as arn:aws:sts::123456789012:assumed-role\/ml\/ada; Terraform uses the same sign-in\.$/,
    );
    assert.match(found["permissions"] ?? "", /^warning: Perhaps not allowed: iam:CreateRole\.$/);
    assert.equal(found["region"], "ok: us-west-2 is open to the account.");
    assert.match(found["zones"] ?? "", /^ok: g5\.xlarge is offered in us-west-2a, us-west-2b; m5\.xlarge/);
    assert.match(found["quota-cpu"] ?? "", /^ok: L-1216C47A: 64 vCPUs \(8 in use\), 20 needed/);
    assert.match(found["quota-gpu"] ?? "", /^warning: L-3819A6DF: 0 vCPUs \(0 in use\), 8 needed/);
    assert.equal(found["name"], "ok: No cluster is called ml-team.");
    assert.match(found["versions"] ?? "", /^ok: 1\.35 is supported until 2027-03-26\.$/);
    assert.equal(found["state"], "ok: state keeps older versions.");
  });

  itWith("aws", "aws: pools are read and set, leftovers listed, prices told live", async () => {
    answer = aws;
    const from = parts();
    const wish = aWish("eks");
    const pools = await poolsNow(wish, from.programs, signal);
    assert.deepEqual(
      pools.map(({ name, desired }) => [name, desired]),
      [
        ["cpu", 3],
        ["gpu", 0],
      ],
    );
    const gpu = pools[1];
    assert.ok(gpu !== undefined);
    assert.deepEqual([gpu.desired, gpu.max, gpu.spot], [0, 2, true]);
    assert.match(
      gpu.issues[0] ?? "",
      /no spot nodes of this type at the moment.*AWS said: AsgInstanceLaunchFailures: Could not launch Spot/,
    );
    await setNodes(wish, gpu, 1, from.programs, signal);
    const sent = JSON.parse(asked.find((one) => one.path.endsWith("/update-config"))?.body ?? "{}") as {
      scalingConfig?: unknown;
    };
    assert.deepEqual(sent.scalingConfig, { minSize: 0, maxSize: 2, desiredSize: 1 });
    await assert.rejects(setNodes(wish, gpu, 3, from.programs, signal), /0 to 2 nodes, not 3/);
    const left = await leftovers(wish, from.programs, signal);
    assert.deepEqual(left, {
      items: [
        { what: "volume vol-1", argv: ["aws", "ec2", "delete-volume", "--volume-id=vol-1", "--region=us-west-2"] },
        {
          what: "load balancer arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/net/a/b",
          argv: [
            "aws",
            "elbv2",
            "delete-load-balancer",
            "--load-balancer-arn=arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/net/a/b",
            "--region=us-west-2",
          ],
        },
      ],
      notes: [],
    });
    const live = await new LiveFacts(from).ask(wish, signal);
    assert.deepEqual(
      live.live.prices?.map(({ machine, spot, perHour, date }) => [machine, spot, perHour, spot ? "" : date]),
      [
        ["m5.xlarge", false, 0.192, "2026-11-20"],
        ["g5.xlarge", false, 1.006, "2026-11-20"],
        ["g5.xlarge", true, 0.412, ""],
      ],
    );
  });
});
