import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { type Wish, WishSchema } from "../../contract/wish.ts";
import { shownFiles } from "../files/files.ts";
import { defaultWish } from "./defaults.ts";
import type { Live } from "./live.ts";
import { preview } from "./preview.ts";
import { findings } from "./rules.ts";
import { anyWish } from "./testing/wishes.ts";

const TODAY = "2026-11-22";
const NO_FILES = () => [];
const NO_TEMPLATES = { version: "1.0.0", gke: [], eks: [] };

const LIVE: Live = {
  gke: {
    ...{ accounts: [{ id: "ml-team-42", label: "ML \u001b[31mteam" }], regions: ["us-central1", "europe-west4"] },
    ...{ zones: { "nvidia-l4": ["us-central1-a"], "g2-standard-8": ["us-central1-a", "us-central1-b"] } },
    askedRegions: ["us-central1"],
  },
  eks: { versions: [{ version: "1.35", ends: "" }], zones: { "g4dn.xlarge": [] }, askedRegions: ["eu-west-1"] },
  computer: { cpus: 4, memoryGiB: 7.6, platform: "darwin", gpus: 0 },
  prices: [
    {
      ...{ cloud: "gke", region: "us-central1", machine: "g2-standard-8", spot: true },
      perHour: Number.NaN,
      source: "x",
      date: "",
    },
  ],
};

function fields(wish: Wish): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (of: object, path: string): void => {
    for (const [key, value] of Object.entries<unknown>({ ...of })) {
      names.add(path + key);
      if (value !== null && typeof value === "object" && !Array.isArray(value)) walk(value, `${path}${key}.`);
    }
  };
  walk(wish, "");
  return names;
}

describe("the preview", () => {
  it("begins with a wish that the schema takes and that lacks only what must be chosen", () => {
    assert.ok(v.is(WishSchema, defaultWish()));
    const errors = (wish: Wish) =>
      preview(wish, {}, TODAY, NO_FILES)
        .findings.filter(({ severity }) => severity === "error")
        .map(({ field }) => field);
    assert.deepEqual(errors(defaultWish()), ["gke.project", "state"]);
    assert.deepEqual(errors({ ...defaultWish(), where: "eks" }), ["state"]);
    assert.deepEqual(errors({ ...defaultWish(), where: "local" }), []);
  });

  it("says of a machine whose GPUs are attached what each GPU adds, and counts one vCPU as one", () => {
    const wish = defaultWish();
    const t4 = { gpu: "nvidia-tesla-t4", machine: "n1-standard-4", perNode: 1, maxNodes: 1, spot: false };
    const of = (machine: string, gpu: Wish["gke"]["gpu"]) =>
      preview({ ...wish, gke: { ...wish.gke, gpu } }, {}, TODAY, NO_FILES).choices["gke.gpu.machine"]?.find(
        ({ value }) => value === machine,
      )?.detail ?? "";
    assert.match(of("n1-standard-4", t4), /4 vCPUs, 15 GB, \$0\.19\/h \+ \$0\.35\/h each GPU$/);
    assert.match(of("n1-standard-1", t4), / 1 vCPU, /);
    assert.doesNotMatch(of("g2-standard-8", { ...t4, gpu: "nvidia-l4", machine: "g2-standard-8" }), /each GPU/);
  });

  it("says by which endpoint a cluster on GKE is open to whom", () => {
    const { gke, ...rest } = defaultWish();
    const of = (authorizedNetworks: readonly string[]) =>
      preview({ ...rest, gke: { ...gke, authorizedNetworks: [...authorizedNetworks] } }, {}, TODAY, NO_FILES).made.find(
        ({ what }) => what === "Endpoint",
      )?.detail;
    assert.equal(of([]), "by name, open to every network, behind Google's sign-in");
    assert.equal(of(["203.0.113.7/32"]), "open to 203.0.113.7/32, behind Google's sign-in");
  });

  it("has a price for everything in the wish that it begins with", () => {
    for (const where of ["gke", "eks", "local"] as const) {
      assert.equal(preview({ ...defaultWish(), where }, {}, TODAY, NO_FILES).cost.complete, true, where);
    }
  });

  it("is made for any wish that the schema lets through, in plain numbers and words", () => {
    fc.assert(
      fc.property(anyWish, fc.constantFrom({}, LIVE), (wish, live) => {
        assert.ok(v.is(WishSchema, wish));
        const before = JSON.stringify(wish);
        const made = preview(wish, live, TODAY, NO_FILES);
        assert.equal(JSON.stringify(wish), before);
        assert.deepEqual(JSON.parse(JSON.stringify(made)), made);
        assert.ok(made.cost.hour.least >= 0 && made.cost.hour.most >= made.cost.hour.least);
        const known = fields({
          ...wish,
          gke: { ...wish.gke, gpu: defaultWish().gke.gpu },
          eks: { ...wish.eks, gpu: defaultWish().eks.gpu },
        });
        for (const { field, message } of made.findings) {
          assert.ok(known.has(field), field);
          assert.match(message, /\.$/);
        }
        for (const field of Object.keys(made.choices)) assert.ok(known.has(field), field);
      }),
      { numRuns: 500 },
    );
  });

  it("offers only values that mend the field, as far as the field alone is wrong", () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        for (const { field, instead = [] } of preview(wish, {}, TODAY, NO_FILES).findings) {
          for (const { value } of instead) {
            if (!/^(name|gke\.(region|zones)|eks\.version|(gke|eks)\.gpu\.(perNode|machine))$/.test(field)) continue;
            const mended = set(wish, field.split("."), value);
            const again = preview(mended, {}, TODAY, NO_FILES).findings.filter(
              (other) => other.field === field && other.severity === "error",
            );
            const left = again.filter(({ message }) => !/does not offer|does not exist/.test(message));
            assert.deepEqual(left, [], `${field} = ${String(value)}`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("what may be typed", () => {
  const odd = ["__proto__", "constructor-1", "valueOf", "toString", "hasOwnProperty-2", "a".repeat(4_096)];

  it("has a preview, whatever the name of a machine, a region or a GPU is", () => {
    const base = defaultWish();
    for (const where of ["gke", "eks"] as const)
      for (const text of odd) {
        const cpu = { ...base[where].cpu, machine: text };
        const gpu = { gpu: text, machine: text, perNode: 1, maxNodes: 1, spot: true };
        for (const live of [{}, { [where]: { askedRegions: [base[where].region, text], zones: {} } }]) {
          const own = { ...base, where, [where]: { ...base[where], cpu, gpu, region: text } };
          for (const wish of [own, { ...own, [where]: { ...own[where], region: base[where].region } }]) {
            v.parse(WishSchema, wish);
            assert.ok(preview(wish, live, TODAY, (one) => shownFiles(one, NO_TEMPLATES, live)).findings.length > 0);
          }
        }
      }
    for (const tool of ["kind", "k3d"] as const) {
      const wish = { ...base, where: "local" as const, local: { ...base.local, tool, version: "constructor" } };
      assert.ok(preview(wish, {}, TODAY, (one) => shownFiles(one, NO_TEMPLATES, {})).findings.length > 0);
    }
  });

  it("reaches the rules, which say what is too much of it", () => {
    const base = { ...defaultWish(), where: "eks" as const };
    const many = Array.from({ length: 41 }, (_, at) => `203.0.${at}.0/24`);
    const wish = {
      ...base,
      name: "n".repeat(101),
      eks: { ...base.eks, authorizedNetworks: [...many, "9".repeat(81)] },
    };
    const fields = findings(v.parse(WishSchema, wish), {}, TODAY).map(({ field }) => field);
    assert.ok(fields.includes("name") && fields.includes("eks.authorizedNetworks"), fields.join());
  });

  it("warns of a cluster that is too small or too old for what of Kubeflow goes into it", () => {
    const base = defaultWish();
    const said = (wish: Wish): readonly string[] =>
      preview(wish, {}, TODAY, NO_FILES)
        .findings.filter(({ field }) => field.startsWith("kubeflow"))
        .map(({ severity, message }) => `${severity}: ${message}`);
    const full = { ...base.kubeflow, profile: "full", people: ["ada@example.org"] };
    assert.deepEqual(said({ ...base, kubeflow: full }), []);
    const cpu = { machine: "e2-standard-2", nodes: 1, maxNodes: 1 };
    assert.match(said({ ...base, kubeflow: full, gke: { ...base.gke, cpu } })[0] ?? "", /^warning: It takes more/);
    assert.deepEqual(said({ ...base, gke: { ...base.gke, cpu } }), []);
    const old = { ...base.eks, version: "1.33" };
    assert.match(said({ ...base, where: "eks", eks: old })[0] ?? "", /^error: Kubeflow .* 1\.34 to 1\.36/);
  });
});

function set(wish: Wish, path: readonly string[], value: string | number | readonly string[]): Wish {
  const copy: unknown = structuredClone(wish);
  let at: unknown = copy;
  for (const key of path.slice(0, -1)) at = at !== null && typeof at === "object" ? Reflect.get(at, key) : undefined;
  if (at !== null && typeof at === "object") Reflect.set(at, path.at(-1) ?? "", value);
  return v.parse(WishSchema, copy);
}
