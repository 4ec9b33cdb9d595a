import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { type Wish, WishSchema } from "../../contract/wish.ts";
import { defaultWish } from "./defaults.ts";
import type { Live } from "./live.ts";
import { preview } from "./preview.ts";
import { anyWish } from "./testing/wishes.ts";

const TODAY = "2026-11-22";
const NO_FILES = () => [];

const LIVE: Live = {
  gke: {
    ...{ accounts: [{ id: "ml-team-42", label: "ML \u001b[31mteam" }], regions: ["us-central1", "europe-west4"] },
    ...{ zones: { "nvidia-l4": ["us-central1-a"], "g2-standard-8": ["us-central1-a", "us-central1-b"] } },
    askedRegions: ["us-central1"],
  },
  eks: { versions: ["1.35"], zones: { "g4dn.xlarge": [] }, askedRegions: ["eu-west-1"] },
  computer: { cpus: 4, memoryGiB: 7.6, platform: "darwin", gpus: 0 },
  prices: [
    {
      ...{ cloud: "gke", region: "us-central1", machine: "g2-standard-8", spot: true },
      perHour: Number.NaN,
      source: "x",
      date: "",
    },
  ],
  ownNetworks: ["203.0.113.7/32"],
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
            if (!/^(name|gke\.region|eks\.version|(gke|eks)\.gpu\.(perNode|machine))$/.test(field)) continue;
            const mended = set(wish, field.split("."), value);
            const again = preview(mended, {}, TODAY, NO_FILES).findings.filter(
              (other) => other.field === field && other.severity === "error",
            );
            const left = again.filter(({ message }) => !/does not offer|does not exist/.test(message));
            assert.deepEqual(left, [], `${field} = ${value}`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

function set(wish: Wish, path: readonly string[], value: string | number): Wish {
  const copy: unknown = structuredClone(wish);
  let at: unknown = copy;
  for (const key of path.slice(0, -1)) at = at !== null && typeof at === "object" ? Reflect.get(at, key) : undefined;
  if (at !== null && typeof at === "object") Reflect.set(at, path.at(-1) ?? "", value);
  return v.parse(WishSchema, copy);
}
