import assert from "node:assert/strict";
import type { Wish } from "../../contract/wish.ts";
import { MACHINE_PRICES, PRICE_SOURCES } from "./catalogue/prices.ts";
import { choices } from "./choices.ts";
import { compare } from "./compare.ts";
import { cost } from "./cost.ts";
import { defaultWish } from "./defaults.ts";
import { followed } from "./follow.ts";
import { legalGpuShapes } from "./limits.ts";
import type { Live, LivePrice } from "./live.ts";
import { made } from "./made.ts";
import { ageOf, dollars, priceOf } from "./prices.ts";

const TODAY = "2026-11-22";
const GKE = defaultWish();
const EKS: Wish = { ...GKE, where: "eks" };
const GPU = { gpu: "nvidia-tesla-t4", machine: "n1-standard-4", perNode: 1, maxNodes: 1, spot: false };
const T4: Wish = { ...GKE, gke: { ...GKE.gke, gpu: GPU } };

function amounts(wish: Wish, live: Live = {}): Readonly<Record<string, readonly (number | null)[]>> {
  const round = (of: number | null): number | null => (of === null ? null : Math.round(of * 1e4) / 1e4);
  return Object.fromEntries(
    cost(wish, live, TODAY).lines.map(({ what, least, most }) => [what, [round(least), round(most)]]),
  );
}

function price(of: Partial<LivePrice>): LivePrice {
  const base = { cloud: "gke", region: "europe-west4", machine: "g2-standard-8", spot: false, perHour: 1 } as const;
  return { ...base, source: "Cloud Billing", date: TODAY, ...of };
}

describe("what a wish costs", () => {
  it("is $0.50 an hour for a cluster and three nodes of GKE, and its way out beside it", () => {
    assert.deepEqual(amounts(T4), {
      "Control plane": [0.1, 0.1],
      "CPU pool": [0.4021, 0.6701],
      "GPU pool, machines": [0, 0.19],
      "GPU pool, GPUs": [0, 0.35],
      "Cloud NAT": [0.0042, 0.0084],
      "Public address": [0.005, 0.005],
    });
    const { hour, month } = cost(T4, {}, TODAY);
    assert.equal((hour.least - 0.0042 - 0.005).toFixed(2), "0.50");
    assert.equal(Math.round((month.least / 730 - 0.0092) * 730), 367);
  });

  it("is $0.72 an hour for a cluster, three nodes and NAT of EKS, and $526 a month", () => {
    const of = amounts(EKS);
    assert.deepEqual(of["Control plane"], [0.1, 0.1]);
    assert.deepEqual(of["CPU pool"], [0.576, 0.96]);
    assert.deepEqual(of["NAT gateway"], [0.045, 0.045]);
    assert.deepEqual(of["GPU pool"], [0, 0.526]);
    const { hour, complete } = cost(EKS, {}, TODAY);
    assert.equal((hour.least - 0.005).toFixed(2), "0.72");
    assert.equal(Math.round((hour.least - 0.005) * 730), 526);
    assert.equal(complete, true);
  });

  it("is about $0.24 an hour for a T4 as spot, and says about", () => {
    const spot = { ...T4, gke: { ...T4.gke, gpu: { ...GPU, spot: true } } };
    const lines = cost(spot, {}, TODAY).lines.filter(({ what }) => what.startsWith("GPU"));
    assert.equal(lines.reduce((sum, { most }) => sum + (most ?? 0), 0).toFixed(2), "0.24");
    assert.deepEqual(
      lines.map(({ note }) => note),
      ["about, spot", "about, spot, undated"],
    );
  });

  it("names source and date of every line that has a price, or says that it is undated", () => {
    for (const wish of [GKE, EKS, T4]) {
      for (const line of cost(wish, {}, TODAY).lines) {
        assert.notEqual(line.source, "", line.what);
        assert.equal(line.date === "", line.note.includes("undated"), line.what);
      }
    }
  });

  it("has no price for another region until the cloud gives one, and is then not complete", () => {
    const there: Wish = {
      ...GKE,
      gke: { ...GKE.gke, region: "europe-west4", gpu: { ...GPU, gpu: "nvidia-l4", machine: "g2-standard-8" } },
    };
    const without = cost(there, {}, TODAY);
    assert.equal(without.complete, false);
    assert.equal(
      without.lines.find(({ what }) => what === "GPU pool")?.note,
      "no price for this region: Google’s price list names no machine types",
    );
    assert.deepEqual(amounts(there)["GPU pool"], [null, null]);
    const live = {
      prices: [
        price({}),
        price({ machine: "e2-standard-4", perHour: 0.15 }),
        price({ machine: "nat", perHour: 0.001 }),
        price({ machine: "nat-address", perHour: 0.004 }),
      ],
    };
    assert.deepEqual(amounts(there, live)["GPU pool"], [0, 1]);
    assert.equal(cost(there, live, TODAY).complete, true);
  });

  it("prices what nobody recorded with nothing", () => {
    const mega = { ...GPU, gpu: "nvidia-h100-mega-80gb", machine: "a3-megagpu-8g", perNode: 8 };
    const { lines, complete } = cost({ ...GKE, gke: { ...GKE.gke, gpu: mega } }, {}, TODAY);
    const line = lines.find(({ what }) => what === "GPU pool");
    assert.deepEqual([line?.most, line?.note, complete], [null, "no price recorded", false]);
  });

  it("shows no spot price that saves nothing, and none for AWS unless the cloud gives it", () => {
    const of = { cloud: "eks", region: "us-east-1", machine: "g4dn.xlarge", spot: true } as const;
    assert.equal(priceOf(of, {}).note, "no spot price known; on demand $0.526/h list");
    assert.equal(priceOf(of, { prices: [price({ ...of, perHour: 0.2 })] }).perHour, 0.2);
    for (const perHour of [0.526, 0.9, 0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(priceOf(of, { prices: [price({ ...of, perHour })] }).perHour, null, String(perHour));
    }
    for (const [cloud, rows] of Object.entries(MACHINE_PRICES)) {
      for (const [name, { onDemand, spot }] of rows) assert.ok(onDemand > (spot ?? 0), `${cloud} ${name}`);
    }
  });

  it("adds a price's age once it is over a year", () => {
    assert.equal(ageOf("2025-11-22", "2026-11-22"), undefined);
    assert.equal(ageOf("2025-11-21", "2026-11-22"), "1 year old");
    assert.equal(ageOf("2024-06-01", "2026-11-22"), "2 years old");
    assert.equal(ageOf("", "2026-11-22"), undefined);
    assert.equal(cost(EKS, {}, "2028-03-01").lines.find(({ what }) => what === "CPU pool")?.age, "2 years old");
    assert.equal(
      cost(EKS, {}, TODAY).lines.some(({ age }) => age !== undefined),
      false,
    );
  });

  it("is nothing on this computer", () => {
    const { hour, complete, lines } = cost({ ...GKE, where: "local" }, {}, TODAY);
    assert.deepEqual([hour, complete, lines.length], [{ least: 0, most: 0 }, true, 1]);
  });

  it("writes dollars with cents, and more digits where cents say nothing", () => {
    assert.deepEqual([0.5, 3.825, 113.9328, 0.0014, 0].map(dollars), [
      "$0.50",
      "$3.825",
      "$113.93",
      "$0.0014",
      "$0.00",
    ]);
  });
});

describe("the same wish elsewhere", () => {
  const rows = (wish: Wish) => compare(wish, {}, TODAY);

  it("is priced on both clouds, on demand and spot, and beside SageMaker", () => {
    const all = rows(T4);
    assert.deepEqual(
      all.map(({ what }) => what),
      ["GKE, on demand", "GKE, spot", "EKS, on demand", "EKS, spot", "SageMaker notebook"],
    );
    assert.deepEqual(
      all.map(({ chosen }) => chosen),
      [true, false, false, false, false],
    );
    assert.match(all[2]?.detail ?? "", /3 × m5\.xlarge, 0…1 × g4dn\.xlarge \(1 T4\), us-east-1/);
    assert.equal(all[2]?.hour?.most.toFixed(3), "1.636");
    assert.equal(all[3]?.hour, null);
    assert.match(all[3].note, /no spot price known/);
    assert.deepEqual(all[0]?.hour, cost(T4, {}, TODAY).hour);
  });

  it("is a p3.2xlarge at $3.825 an hour as a notebook and $3.06 here", () => {
    const p3 = { gpu: "V100", machine: "p3.2xlarge", perNode: 1, maxNodes: 1, spot: false };
    const all = rows({ ...EKS, eks: { ...EKS.eks, gpu: p3 } });
    const notebook = all.at(-1);
    assert.deepEqual(notebook?.hour, { least: 3.825, most: 3.825 });
    assert.deepEqual([notebook.note, notebook.date], ["list, undated; the instance alone is $3.06/h list", ""]);
    assert.equal(notebook.source, PRICE_SOURCES.sagemaker.name);
    assert.match(
      rows(EKS).at(-1)?.note ?? "",
      /^no price of ml\.g4dn\.xlarge is recorded; ml\.p3\.2xlarge is listed at \$3\.825\/h$/,
    );
  });

  it("says that a GPU is not on the other cloud, or comes in other counts", () => {
    const a10g = { gpu: "A10G", machine: "g5.xlarge", perNode: 1, maxNodes: 1, spot: false };
    const none = rows({ ...EKS, eks: { ...EKS.eks, gpu: a10g } })[2];
    assert.deepEqual([none?.what, none?.hour], ["GKE", null]);
    assert.equal(none?.note, "no machine with A10G on GKE in us-central1");
    const a100 = { ...GPU, gpu: "nvidia-tesla-a100", machine: "a2-highgpu-1g" };
    const eight = rows({ ...GKE, gke: { ...GKE.gke, gpu: a100 } })[2];
    assert.match(eight?.detail ?? "", /p4d\.24xlarge \(8 A100 40 GB\)/);
    assert.equal(eight?.note, "8 GPUs for each node instead of 1");
  });

  it("compares CPU nodes of one size, and says so where the other cloud has none", () => {
    const of = (machine: string) =>
      rows({ ...T4, gke: { ...T4.gke, gpu: null, cpu: { machine, nodes: 3, maxNodes: 3 } } })[1];
    const large = of("e2-standard-32");
    assert.deepEqual([large?.detail, large?.note], ["3 × m5.8xlarge, us-east-1", ""]);
    assert.equal(large?.hour?.least.toFixed(3), (0.15 + 3 * 1.536).toFixed(3));
    assert.equal(of("n2-standard-128")?.note, "CPU nodes of 96 vCPUs and 384 GB instead of 128 and 512");
    assert.equal(of("e2-highmem-8")?.note, "CPU nodes of 8 vCPUs and 32 GB instead of 8 and 64");
    assert.match(of("c3-standard-8")?.note ?? "", /the size of c3-standard-8 is not known here$/);
    const eks = rows({
      ...EKS,
      eks: { ...EKS.eks, gpu: null, cpu: { machine: "m5.24xlarge", nodes: 1, maxNodes: 1 } },
    })[1];
    assert.deepEqual([eks?.detail, eks?.note], ["1 × n2-standard-96, us-central1", ""]);
  });

  it("finds a near machine for every GPU that both clouds have", () => {
    for (const { gpu, machine, perNode } of legalGpuShapes("gke")) {
      const [count = 0] = perNode;
      const there = rows({ ...GKE, gke: { ...GKE.gke, gpu: { ...GPU, gpu, machine, perNode: count } } })[2];
      assert.equal(there?.note.startsWith("no machine"), /p4|p100|rtx/.test(gpu), `${gpu} ${machine}`);
    }
  });

  it("is nowhere for a cluster on this computer, and one row a cloud without GPUs", () => {
    assert.deepEqual(rows({ ...GKE, where: "local" }), []);
    assert.deepEqual(
      rows({ ...GKE, gke: { ...GKE.gke, gpu: null } }).map(({ what }) => what),
      ["GKE", "EKS"],
    );
  });
});

describe("what the form offers", () => {
  it("are regions with the GPU, its machine types with price, and its counts", () => {
    const of = choices(T4, {});
    assert.equal(of["gke.region"]?.length, 23);
    assert.deepEqual(of["gke.region"][0], { value: "us-central1", label: "us-central1", detail: "T4 in a, b, c, f" });
    assert.deepEqual(
      of["gke.gpu.perNode"]?.map(({ value }) => value),
      ["1", "2", "4"],
    );
    assert.equal(of["gke.gpu.machine"]?.length, 22);
    assert.deepEqual(
      of["gke.zones"]?.map(({ value }) => value),
      ["us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f"],
    );
    const four = of["gke.gpu.machine"].find(({ value }) => value === "n1-standard-4");
    assert.equal(four?.detail, "1, 2, 4 × T4, 4 vCPUs, 15 GB, $0.19/h + $0.35/h each GPU");
  });

  it("follow a changed GPU, machine type or region, and leave what is still right", () => {
    const chosen = (gpu: Partial<typeof GPU>) =>
      followed(GKE, { ...GKE, gke: { ...GKE.gke, gpu: { ...GPU, machine: "g2-standard-8", ...gpu } } }, {}).gke;
    assert.deepEqual(chosen({ gpu: "nvidia-tesla-t4" }).gpu, { ...GPU, machine: "n1-standard-4" });
    assert.deepEqual(chosen({ gpu: "nvidia-l4", machine: "g2-standard-24" }).gpu?.perNode, 2);
    assert.equal(chosen({ gpu: "nvidia-l4", perNode: 3 }).gpu?.perNode, 3);
    const small = chosen({ gpu: "nvidia-h100-80gb" });
    assert.deepEqual(small.gpu, { ...GPU, gpu: "nvidia-h100-80gb", machine: "a3-highgpu-1g", spot: true });
    const moved = followed(GKE, { ...GKE, gke: { ...GKE.gke, region: "europe-west4" } }, {});
    assert.deepEqual(moved.gke.zones, ["europe-west4-a", "europe-west4-b", "europe-west4-c"]);
    const local: Wish = { ...GKE, where: "local" };
    assert.equal(followed(GKE, local, {}), local);
  });
});

describe("what will be made", () => {
  it("tells the networks, the pools and the storage of each place", () => {
    const words = (wish: Wish) =>
      made(wish)
        .map(({ what, detail }) => `${what}: ${detail}`)
        .join("\n");
    assert.match(words(GKE), /10\.10\.0\.0\/20 for nodes, 10\.20\.0\.0\/14 for pods, 10\.24\.0\.0\/20 for services/);
    assert.match(words(GKE), /0 × g2-standard-8 with 1 L4, up to 1 over all zones, on demand/);
    assert.match(words(EKS), /first those that offer g4dn\.xlarge/);
    assert.match(words(EKS), /aws-ebs-csi-driver/);
    assert.match(words({ ...GKE, where: "local" }), /Registry: kubeflow-01-registry/);
    assert.doesNotMatch(words({ ...EKS, eks: { ...EKS.eks, gpu: null } }), /GPU/);
  });
});
