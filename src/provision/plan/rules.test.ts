import assert from "node:assert/strict";
import fc from "fast-check";
import type { EksWish, GkeWish, GpuPool, LocalWish, Wish } from "../../contract/wish.ts";
import { defaultWish } from "./defaults.ts";
import { LIMITS } from "./limits.ts";
import type { Live } from "./live.ts";
import { overlap, parseNetwork } from "./networks.ts";
import { beyondLists } from "./pools.ts";
import { findings as allFindings } from "./rules.ts";
import { RULES, type RuleCode } from "./rules/finding.ts";

const DEFAULT = defaultWish();
const L4: GpuPool = { gpu: "nvidia-l4", machine: "g2-standard-8", perNode: 1, maxNodes: 1, spot: false };
const T4: GpuPool = { ...L4, gpu: "nvidia-tesla-t4", machine: "n1-standard-4" };

function gke(change: Partial<GkeWish>, rest: Partial<Wish> = {}): Wish {
  return { ...DEFAULT, state: { kind: "mine" }, gke: { ...DEFAULT.gke, project: "ml-team-42", ...change }, ...rest };
}
function eks(change: Partial<EksWish>, rest: Partial<Wish> = {}): Wish {
  return { ...DEFAULT, where: "eks", state: { kind: "mine" }, eks: { ...DEFAULT.eks, ...change }, ...rest };
}
function local(change: Partial<LocalWish>, rest: Partial<Wish> = {}): Wish {
  return { ...DEFAULT, where: "local", local: { ...DEFAULT.local, ...change }, ...rest };
}

const seen = new Set<RuleCode>();

function findings(wish: Wish, live: Live, today = ""): ReturnType<typeof allFindings> {
  const all = allFindings(wish, live, today);
  for (const { code } of all) seen.add(code);
  return all;
}

/** `severity code field` of everything found but the open networks, which every test would name. */
function found(wish: Wish, live: Live = {}, today = "2026-11-22"): readonly string[] {
  return findings(wish, live, today)
    .filter(({ code }) => code !== "networks-open")
    .map(({ severity, code, field }) => `${severity} ${code} ${field}`);
}

describe("the rules of a wish", () => {
  it("refuse 3 T4 on a node and name the legal counts", () => {
    const [finding] = findings(gke({ gpu: { ...T4, perNode: 3 } }), {});
    assert.equal(finding?.field, "gke.gpu.perNode");
    assert.equal(finding.message, "A node with 3 × T4 does not exist on n1-standard-4: it takes 1, 2 or 4.");
    assert.deepEqual(
      finding.instead?.map(({ value }) => value),
      [1, 2, 4],
    );
  });

  it("ask for a place of the state where Terraform has one, and nowhere else", () => {
    assert.deepEqual(found(gke({}, { state: { kind: "unset" } })), ["error state-unset state"]);
    assert.deepEqual(found(eks({}, { state: { kind: "unset" } })), ["error state-unset state"]);
    assert.deepEqual(found(local({})), []);
  });

  it("name a GPU's own machine types where another's was chosen", () => {
    const [finding] = findings(gke({ gpu: { ...L4, machine: "n1-standard-4" } }), {});
    assert.equal(finding?.code, "gpu-machine");
    assert.match(finding.message, /^n1-standard-4 goes with T4, not with L4\. L4 goes with g2-standard-4, /);
    const [arm] = findings(gke({ gpu: { ...L4, machine: "a4x-highgpu-4g" } }), {});
    assert.match(arm?.message ?? "", /Arm/);
  });

  it("sell the small H100 machines as spot only", () => {
    const small = { ...L4, gpu: "nvidia-h100-80gb", machine: "a3-highgpu-1g" };
    assert.deepEqual(found(gke({ gpu: small })), ["error gpu-spot gke.gpu.spot"]);
    assert.deepEqual(found(gke({ gpu: { ...small, spot: true } })), []);
  });

  it("send a GPU to the regions that have it, those of the continent first", () => {
    const [finding] = findings(gke({ region: "europe-north1", zones: ["europe-north1-a"], gpu: L4 }), {});
    assert.equal(finding?.field, "gke.region");
    assert.equal(finding.instead?.[0]?.value, "europe-west1");
  });

  it("believe the cloud more than the bundled lists, both ways", () => {
    const wish = gke({ region: "europe-north1", zones: ["europe-north1-a"], gpu: L4 });
    const zones = { "nvidia-l4": ["europe-north1-a"], "g2-standard-8": ["europe-north1-a"] };
    const has: Live = { gke: { askedRegions: ["europe-north1", "us-central1"], zones } };
    assert.deepEqual(found(wish, has), []);
    assert.equal(beyondLists(wish, has), true);
    assert.equal(beyondLists(gke({}), {}), false);
    const answer = found(gke({}), has);
    assert.deepEqual(answer, ["error gpu-region gke.region"]);
  });

  it("warn of zones that an undated list lacks, and refuse those that the cloud lacks", () => {
    const wish = gke({ zones: ["us-central1-a", "us-central1-f"], gpu: L4 });
    assert.deepEqual(found(wish), ["warning zones-offered gke.zones"]);
    const zones = { "nvidia-l4": ["us-central1-a"], "g2-standard-8": ["us-central1-a"] };
    assert.deepEqual(found(wish, { gke: { askedRegions: ["us-central1"], zones } }), ["error zones-offered gke.zones"]);
  });

  it("leave open on EKS which region offers an instance type, until the cloud says", () => {
    assert.deepEqual(found(eks({ region: "eu-west-1" })), ["warning gpu-region-unknown eks.region"]);
    const offers = (zones: string[]): Live => ({
      eks: { askedRegions: ["eu-west-1"], zones: { "g4dn.xlarge": zones } },
    });
    assert.deepEqual(found(eks({ region: "eu-west-1" }), offers(["eu-west-1a"])), []);
    assert.deepEqual(found(eks({ region: "eu-west-1" }), offers([])), ["error gpu-region eks.region"]);
  });

  it("want the CPU pool's machine in the first zone, where main.tf puts it, and order what they offer by that", () => {
    const zones = {
      "nvidia-l4": ["us-central1-a", "us-central1-b"],
      "g2-standard-8": ["us-central1-a", "us-central1-b"],
      "e2-standard-4": ["us-central1-b", "us-central1-c"],
    };
    const live: Live = { gke: { askedRegions: ["us-central1"], zones } };
    const both = gke({ zones: ["us-central1-a", "us-central1-b"], gpu: L4 });
    const [finding] = findings(both, live).filter(({ code }) => code === "zones-offered");
    assert.equal(finding?.severity, "error");
    assert.match(finding.message, /^us-central1-a does not offer e2-standard-4.*Begin with us-central1-b\.$/);
    assert.deepEqual(finding.instead, [
      { label: "us-central1-b, us-central1-a", value: ["us-central1-b", "us-central1-a"] },
    ]);
    assert.deepEqual(found(gke({ zones: ["us-central1-b", "us-central1-a"], gpu: L4 }), live), []);
    const none: Live = {
      gke: { askedRegions: ["us-central1"], zones: { ...zones, "e2-standard-4": ["us-central1-c"] } },
    };
    assert.match(
      findings(both, none)
        .map(({ message }) => message)
        .join(),
      /No zone with L4 does: choose another machine/,
    );
  });

  it("offer of the cloud's versions only what Kubeflow goes with, and tell when their support ends", () => {
    const versions = [
      { version: "1.33", ends: "2026-07-29" },
      { version: "1.37", ends: "2026-12-24" },
      { version: "1.31", ends: "" },
    ];
    const live: Live = { eks: { versions } };
    const [old] = findings(eks({ version: "1.33" }), live);
    assert.deepEqual([old?.code, old?.instead], ["version", [{ label: "1.37", value: "1.37" }]]);
    assert.match(findings(eks({ version: "1.37" }), live, "2026-11-22")[0]?.message ?? "", /ends on 2026-12-24/);
  });

  const cases: readonly (readonly [string, Wish, readonly string[]])[] = [
    ["a name with capitals on GKE", gke({}, { name: "Team-A" }), ["error name name"]],
    ["a name of 41 characters on GKE", gke({}, { name: "a".repeat(41) }), ["error name name"]],
    ["a name that ends with a hyphen", gke({}, { name: "team-" }), ["error name name"]],
    ["a long name of GKE", gke({}, { name: "a".repeat(40) }), []],
    ["a name with an underscore on EKS", eks({}, { name: "Team_A" }), []],
    ["a name with a dot on EKS", eks({}, { name: "team.a" }), ["error name name"]],
    ["a project's display name", gke({ project: "ML Team" }), ["error project gke.project"]],
    ["a project of a domain", gke({ project: "example.com:ml-team" }), []],
    [
      "a region that is not",
      gke({ region: "us-center1", zones: [] }),
      ["error region gke.region", "error gpu-region gke.region"],
    ],
    ["zones of another region", gke({ zones: ["us-east1-b"] }), ["error zones gke.zones"]],
    ["the same zone twice", gke({ zones: ["us-central1-a", "us-central1-a"] }), ["error zones gke.zones"]],
    ["no zone", gke({ zones: [] }), ["error zones gke.zones"]],
    ["no node", gke({ cpu: { machine: "e2-standard-4", nodes: 0, maxNodes: 5 } }), ["error cpu-nodes gke.cpu.nodes"]],
    [
      "fewer at the most",
      gke({ cpu: { machine: "e2-standard-4", nodes: 3, maxNodes: 2 } }),
      ["error cpu-nodes gke.cpu.maxNodes"],
    ],
    [
      "451 nodes",
      gke({ cpu: { machine: "e2-standard-4", nodes: 3, maxNodes: 451 } }),
      ["error cpu-nodes gke.cpu.maxNodes"],
    ],
    [
      "Arm as the CPU pool",
      eks({ cpu: { machine: "m7g.xlarge", nodes: 3, maxNodes: 5 } }),
      ["error cpu-machine eks.cpu.machine"],
    ],
    [
      "GPUs as the CPU pool",
      gke({ cpu: { machine: "g2-standard-8", nodes: 3, maxNodes: 5 } }),
      ["error cpu-machine gke.cpu.machine"],
    ],
    [
      "a strange CPU machine",
      eks({ cpu: { machine: "c6i.4xlarge", nodes: 3, maxNodes: 5 } }),
      ["warning cpu-machine eks.cpu.machine"],
    ],
    [
      "N2 where only E2 is",
      gke({
        region: "europe-north2",
        zones: ["europe-north2-a"],
        gpu: null,
        cpu: { machine: "n2-standard-4", nodes: 3, maxNodes: 5 },
      }),
      ["error cpu-region gke.cpu.machine"],
    ],
    ["no GPU node at the most", gke({ gpu: { ...L4, maxNodes: 0 } }), ["error gpu-nodes gke.gpu.maxNodes"]],
    ["a GPU of the other cloud", gke({ gpu: { ...L4, gpu: "L4" } }), ["error gpu-type gke.gpu.gpu"]],
    [
      "a fraction of a GPU",
      eks({ gpu: { ...L4, gpu: "L4", machine: "g6f.xlarge" } }),
      ["error gpu-machine eks.gpu.machine"],
    ],
    ["a profile with a line break", eks({ profile: "a\nb" }), ["error profile eks.profile"]],
    ["Kubernetes 1.33", eks({ version: "1.33" }), ["error version eks.version"]],
    ["Kubernetes 1.34 in its last days", eks({ version: "1.34" }), ["warning version-support eks.version"]],
    ["Kubernetes 1.36, of which nothing is known", eks({ version: "1.36" }), ["warning version-support eks.version"]],
    [
      "more nodes than addresses",
      eks({ cpu: { machine: "m5.xlarge", nodes: 3, maxNodes: 400 } }),
      ["warning many-nodes eks.cpu.maxNodes"],
    ],
    [
      "a bucket with capitals",
      gke({}, { state: { kind: "shared", bucket: "Team", prefix: "" } }),
      ["error state-bucket state.bucket"],
    ],
    [
      "a bucket named after Google",
      gke({}, { state: { kind: "shared", bucket: "goog-x", prefix: "" } }),
      ["error state-bucket state.bucket"],
    ],
    [
      "an underscore in S3",
      eks({}, { state: { kind: "shared", bucket: "a_b", prefix: "" } }),
      ["error state-bucket state.bucket"],
    ],
    [
      "an address as S3 bucket",
      eks({}, { state: { kind: "shared", bucket: "192.168.1.1", prefix: "" } }),
      ["error state-bucket state.bucket"],
    ],
    [
      "a strange prefix",
      eks({}, { state: { kind: "shared", bucket: "a-b", prefix: "${x}" } }),
      ["error state-prefix state.prefix"],
    ],
    ["GPUs with kind", local({ tool: "kind", gpus: true }), ["error local-gpus local.gpus"]],
    ["GPUs with k3d", local({ gpus: true }), ["warning local-gpus local.gpus"]],
    ["GPUs with minikube", local({ tool: "minikube", gpus: true }), []],
    ["an adopted microk8s", local({ tool: "microk8s", cpus: 0 }, { name: "" }), ["warning local-tool local.tool"]],
    ["too little memory", local({ memoryGiB: 2 }), ["error local-size local.memoryGiB"]],
    ["little memory", local({ memoryGiB: 6 }), ["warning local-size local.memoryGiB"]],
    ["a folder with a colon", local({ volume: "/a:b" }), ["error local-volume local.volume"]],
    ["a folder of Windows", local({ volume: "C:\\data" }), []],
    ["a folder without its root", local({ volume: "data" }), ["error local-volume local.volume"]],
    ["a folder with kind", local({ tool: "kind", volume: "/data" }), ["warning local-volume local.volume"]],
    ["a version with a patch", local({ version: "1.35.2" }), []],
    ["a version with a v", local({ version: "v1.35" }), ["error local-version local.version"]],
    ["one letter for minikube", local({ tool: "minikube" }, { name: "a" }), ["error name name"]],
  ];
  for (const [what, wish, expected] of cases) {
    it(`find of ${what}: ${expected.join(", ") || "nothing"}`, () => {
      assert.deepEqual(found(wish), expected);
    });
  }

  it("know what this computer and the cloud have", () => {
    const docker: Live = { computer: { cpus: 2, memoryGiB: 3.8, platform: "darwin", clusters: ["kubeflow-01"] } };
    const expected = ["error name-taken name", "error local-size local.cpus", "error local-size local.memoryGiB"];
    assert.deepEqual(found(local({}), docker), expected);
    assert.deepEqual(found(local({ tool: "microk8s" }), docker), ["error local-tool local.tool"]);
    assert.deepEqual(found(gke({}), { gke: { clusters: ["kubeflow-01"] } }), ["error name-taken name"]);
    assert.deepEqual(found(eks({ version: "1.36" }), { eks: { versions: [{ version: "1.35", ends: "" }] } }), [
      "error version-support eks.version",
    ]);
    assert.deepEqual(found(eks({}), { eks: { regions: ["eu-west-1"] } }), ["error region eks.region"]);
  });

  it("take the disk of this computer for a limit nowhere but with minikube, and there for a warning", () => {
    const live: Live = { computer: { diskGiB: 25, platform: "linux" } };
    for (const tool of ["k3d", "kind"] as const) {
      assert.deepEqual(found(local({ tool, diskGiB: 40 }), live), []);
      assert.deepEqual(found(local({ tool, diskGiB: 10 }), live), []);
    }
    assert.deepEqual(found(local({ tool: "minikube", diskGiB: 40 }), live), ["warning local-size local.diskGiB"]);
    assert.deepEqual(found(local({ tool: "minikube", diskGiB: 10 }), live), ["error local-size local.diskGiB"]);
  });

  it("ask first for a bucket where none is named", () => {
    const state = { kind: "shared", bucket: "", prefix: "" } as const;
    const [first] = findings(gke({ authorizedNetworks: ["203.0.113.7/32"] }, { state }), {});
    assert.match(first?.message ?? "", /^Name a bucket that is there already\. /);
  });

  it("look at the networks that may reach the endpoint", () => {
    const of = (wish: Wish) =>
      findings(wish, {}).map(({ severity, code, instead }) =>
        [severity, code, ...(instead ?? []).map(({ value }) => value)].join(" "),
      );
    assert.deepEqual(of(gke({})), ["warning networks-open"]);
    const [mended] = findings(gke({ authorizedNetworks: ["198.51.100.0/24", "203.0.113.7"] }), {});
    assert.deepEqual(mended?.instead, [{ label: "203.0.113.7/32", value: ["198.51.100.0/24", "203.0.113.7/32"] }]);
    assert.deepEqual(of(gke({ authorizedNetworks: ["0.0.0.0/0"] })), ["warning networks-open"]);
    assert.deepEqual(of(gke({ authorizedNetworks: ["203.0.113.7/32"] })), []);
    assert.deepEqual(of(gke({ authorizedNetworks: ["203.0.113.7"] })), ["error networks 203.0.113.7/32"]);
    assert.deepEqual(of(gke({ authorizedNetworks: ["203.0.113.7/24"] })), ["error networks 203.0.113.0/24"]);
    for (const network of ["10.10.4.0/24", "10.20.0.0/14", "10.0.0.0/8", "10.24.15.0/24", "172.16.0.0/28"]) {
      assert.deepEqual(of(gke({ authorizedNetworks: [network] })), ["error networks"], network);
    }
    assert.deepEqual(of(gke({ authorizedNetworks: ["10.24.16.0/24", "172.16.0.16/28"] })), []);
    for (const network of ["10.0.4.0/24", "192.168.1.0/24", "::/0", "1.2.3.04/32", "1.2.3.4/33", "1.2.3.256/32"]) {
      assert.deepEqual(of(eks({ authorizedNetworks: [network] })), ["error networks"], network);
    }
    const many = Array.from({ length: 41 }, (_, at) => `203.0.${at}.0/24`);
    assert.deepEqual(of(gke({ authorizedNetworks: many })), ["error networks"]);
    assert.deepEqual(of(gke({ authorizedNetworks: many.slice(1) })), []);
  });

  it("say of any two networks whether they overlap, as their addresses do", () => {
    const network = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 20, max: 32 }));
    fc.assert(
      fc.property(network, network, ([a, bits], [b, others]) => {
        const read = (last: number, size: number) =>
          parseNetwork(parseNetwork(`10.0.0.${last}/${size}`)?.canonical ?? "");
        const [one, other] = [read(a, bits), read(b, others)];
        assert.ok(one !== undefined && other !== undefined);
        const shift = 32 - Math.min(bits, others);
        assert.equal(overlap(one, other), a >> shift === b >> shift);
      }),
    );
  });

  it("were each found above, and have patterns that Go's regular expressions read", () => {
    assert.deepEqual([...seen].sort(), Object.keys(RULES).sort());
    assert.doesNotMatch(JSON.stringify(LIMITS), /\(\?[=!<]|\\\\[1-9]/);
  });
});
