import assert from "node:assert/strict";
import { type KubeflowWish, NO_KUBEFLOW } from "../contract/wish.ts";
import { choiceOf, type FormFacts, kubeflowForm } from "./form.ts";
import { profileNames, settled } from "./people.ts";
import { RELEASES } from "./releases/index.ts";

const [RELEASE] = RELEASES;
assert.ok(RELEASE !== undefined);
const release = RELEASE;

const wish = (change: Partial<KubeflowWish>): KubeflowWish => ({ ...NO_KUBEFLOW, ...change });
const FULL = wish({ profile: "full", people: ["ada@example.org"] });

function said(of: KubeflowWish, facts: FormFacts = {}): readonly string[] {
  return kubeflowForm(of, release, facts).findings.map(
    ({ field, severity, message }) => `${severity} ${field}: ${message}`,
  );
}

describe("the form's part of Kubeflow", () => {
  it("offers every profile with what it takes, single parts, and nothing", () => {
    const { choices, made, findings } = kubeflowForm(NO_KUBEFLOW, release);
    const profiles = choices["kubeflow.profile"] ?? [];
    assert.deepEqual(
      profiles.map(({ value }) => value),
      ["training", "pipelines-alone", "full", "parts", ""],
    );
    assert.match(profiles[2]?.detail ?? "", /About 4\.4 CPUs, 1[0-9]\.\d GiB of memory, 65 GB of volumes\.$/);
    assert.deepEqual([made, findings], [[], []]);
  });

  it("asks for people, a class and a sample only where they mean something", () => {
    const asked = (of: KubeflowWish): readonly string[] =>
      Object.keys(kubeflowForm(of, release).choices).filter((key) => !/profile|components/.test(key));
    assert.deepEqual(asked(wish({ profile: "training" })), ["kubeflow.sample"]);
    assert.deepEqual(asked(wish({ profile: "pipelines-alone" })), ["kubeflow.storageClass"]);
    assert.deepEqual(asked(FULL), ["kubeflow.storageClass", "kubeflow.people", "kubeflow.sample"]);
    assert.deepEqual(asked(wish({ profile: "parts", components: ["katib"] })), ["kubeflow.storageClass"]);
  });

  it("says what comes, and what comes only because another part needs it", () => {
    const { made } = kubeflowForm(wish({ profile: "parts", components: ["kserve"] }), release);
    const kserve = made.find(({ what }) => what === "KServe 0.18.0");
    assert.equal(kserve?.detail, "Serves models.");
    assert.match(made.find(({ what }) => what.startsWith("Istio"))?.detail ?? "", /Another part needs it\.$/);
  });

  it("says what is wrong with each answer, and what would be right", () => {
    assert.deepEqual(said(wish({ profile: "parts" })), ["error kubeflow.components: Pick at least one part."]);
    assert.match(said(wish({ profile: "parts", components: ["nope"] }))[0] ?? "", /has no part «nope»/);
    const both = wish({ profile: "parts", components: ["pipelines", "pipelines-standalone"] });
    assert.match(said(both).join("\n"), /^error kubeflow\.components: Pipelines.* cannot both be installed/);
    assert.match(said(wish({ profile: "odd" }))[0] ?? "", /has no profile «odd»/);
    assert.match(said(wish({ profile: "full" }))[0] ?? "", /^error kubeflow\.people: Give your e-mail address/);
    assert.match(said({ ...FULL, people: ["ada"] })[0] ?? "", /«ada» is no e-mail address/);
    assert.match(said({ ...FULL, people: ["a@b.c\nx: y"] })[0] ?? "", /is no e-mail address/);
    assert.match(said({ ...FULL, people: ["a@b.c", "a@b.c"] })[0] ?? "", /stands there twice/);
    assert.match(said({ ...FULL, people: Array.from({ length: 51 }, (_, at) => `p${at}@b.c`) })[0] ?? "", /At most 50/);
    assert.match(said({ ...FULL, storageClass: "../x" })[0] ?? "", /cannot be the name of a StorageClass/);
    assert.deepEqual(said(FULL), []);
  });

  it("refuses a cluster that is too old, and warns of one that is too new or too small", () => {
    assert.match(
      said(FULL, { version: "1.33" })[0] ?? "",
      /^error .*made for Kubernetes 1\.34 to 1\.36, and the cluster has 1\.33/,
    );
    assert.match(said(FULL, { version: "1.37" })[0] ?? "", /^warning /);
    assert.deepEqual(said(FULL, { version: "1.35", cpus: 16, memoryGiB: 32 }), []);
    assert.match(
      said(FULL, { cpus: 4, memoryGiB: 8 })[0] ?? "",
      /^warning kubeflow\.profile: It takes more than the cluster has at first/,
    );
  });

  it("hands the installer only what was asked for", () => {
    assert.deepEqual(choiceOf(wish({ profile: "training", people: ["left@over.org"] }), release, "any"), {
      ...{ release: "26.03.1", wanted: ["training"], platform: "any" },
    });
    const { people, quota, wanted } = choiceOf(FULL, release, "gke");
    assert.deepEqual([people, quota, wanted], [["ada@example.org"], { cpu: 0, memoryGiB: 0, gpus: 0 }, ["full"]]);
  });
});

describe("people and their namespaces", () => {
  it("are named after the person, and after the whole address where two would be the same or it is somebody else's", () => {
    const names = profileNames(["Ada.L@example.org", "bob@a.org", "bob@b.org", "default@a.org", "kubeflow-x@a.org"]);
    assert.deepEqual(
      [...names.values()],
      ["ada-l", "bob", "profile-bob-b-org", "profile-default-a-org", "profile-kubeflow-x-a-org"],
    );
  });

  it("are waited for in the place of the made-up one", () => {
    const profile = release.components.find(({ id }) => id === "profile");
    assert.ok(profile !== undefined);
    const { waits, namespaces } = settled(profile, release, { people: ["ada@a.org", "bob@a.org"] });
    assert.deepEqual(
      waits?.map(({ name }) => name),
      ["ada", "bob"],
    );
    assert.deepEqual(namespaces, ["ada"]);
    assert.equal(settled(profile, release, {}), profile);
  });
});
