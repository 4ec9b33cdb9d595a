import assert from "node:assert/strict";
import { isUserError } from "../core/errors.ts";
import { KubeClient } from "../kube/client.ts";
import { type Fault, FakeApi } from "../kubeflow/testing/fakeApi.ts";
import { type CheckedTemplate, TemplateDesk } from "./desk.ts";
import { MODEL_TEMPLATE } from "./inferenceService.ts";
import { PLAN } from "./testing/plan.ts";

const SITE = { context: "team-a", namespace: "alice" };
const ANSWERS = {
  ...{ name: "search", parameters: "lr=0.1..0.2", metric: "loss", goal: "minimize" },
  ...{ algorithm: "random", trials: "4", parallel: "2" },
};

describe("what is made from a template", () => {
  const world = (): { readonly api: FakeApi; readonly desk: TemplateDesk; readonly client: KubeClient } => {
    const api = new FakeApi();
    return { api, desk: new TemplateDesk("ada", "0.1.0"), client: new KubeClient(api) };
  };
  type World = ReturnType<typeof world>;
  /** Faults by `POST plural`, of what is stored; the rest of the API may not be read. */
  const faults = (api: FakeApi, by: Readonly<Record<string, Fault | undefined>>): void => {
    api.fault = ({ method, path, query }) => {
      if (/^\/openapi|^\/api\/v1\/namespaces\/[^/]+$/.test(path)) return { status: 403, reason: "Forbidden" };
      const plural = /\/namespaces\/alice\/([^/]+)/.exec(path)?.[1] ?? "";
      return query?.["dryRun"] === "All" ? undefined : by[`${method} ${plural}`];
    };
  };
  const check = ({ desk, client }: World, yaml: string): Promise<CheckedTemplate> => {
    const { manifest, problems } = desk.read(yaml);
    assert.ok(manifest !== undefined, JSON.stringify(problems));
    return desk.check(manifest, SITE, client);
  };
  const apply = async (at: World, yaml: string): Promise<string> => {
    const checked = await check(at, yaml);
    assert.deepEqual(checked.findings, []);
    return at.desk.apply(checked, at.client);
  };
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    const error: unknown = await work.then(
      () => "made",
      (reason: unknown) => reason,
    );
    return isUserError(error) ? error.code : String(error);
  };
  const model = (): string =>
    new TemplateDesk("ada", "0.1.0").text(
      MODEL_TEMPLATE,
      { name: "iris", format: "sklearn", uri: "s3://models/iris", memory: "2Gi", gpus: "0" },
      SITE.namespace,
    );
  const owners = (api: FakeApi): readonly (string | undefined)[] =>
    api.all("configmaps").flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? [undefined]);

  it("is one, and known again, where the answer was lost and could not be asked for: of every kind", async () => {
    const at = world();
    faults(at.api, { "POST inferenceservices": "lost-response", "GET inferenceservices": undefined });
    const yaml = model();
    const first = await check(at, yaml);
    faults(at.api, { "POST inferenceservices": "lost-response", "GET inferenceservices": "lost-request" });
    assert.equal(await codeOf(at.desk.apply(first, at.client)), "maybe-made");
    faults(at.api, {});
    const again = await check(at, yaml);
    assert.ok(again.isMade);
    const [made] = at.api.all("inferenceservices");
    assert.equal(await at.desk.apply(again, at.client), made?.metadata.uid);
    assert.equal(at.api.all("inferenceservices").length, 1);
    // It is known to be made: the same text would make another.
    assert.match((await check(at, yaml)).findings[0]?.text ?? "", /another InferenceService iris already/);
    assert.equal(await codeOf(at.desk.apply(first, at.client)), "made");
    const other = new TemplateDesk("ada", "0.1.0");
    assert.equal((await check({ ...at, desk: other }, yaml)).isMade, false);
  });

  it("is known at once where the look-up answers, and is not made where nothing arrived", async () => {
    const at = world();
    faults(at.api, { "POST inferenceservices": "lost-request" });
    assert.equal(await codeOf(apply(at, model())), "unreachable");
    faults(at.api, { "POST inferenceservices": "lost-response" });
    assert.equal(await apply(at, model()), at.api.all("inferenceservices")[0]?.metadata.uid);
  });

  it("has its code after it, owned from the start; what the cluster refuses of it undoes the rest", async () => {
    const at = world();
    faults(at.api, {});
    const yaml = await at.desk.experimentOfRun(ANSWERS, PLAN, false);
    faults(at.api, { "POST configmaps": { status: 403, reason: "Forbidden", message: "no" } });
    assert.match(await codeOf(apply(at, yaml)), /no-rights|refused|server/);
    assert.deepEqual([at.api.all("experiments"), at.api.all("configmaps")], [[], []]);
    faults(at.api, { "POST configmaps": "lost-request" });
    assert.equal(await codeOf(apply(at, yaml)), "code-missing");
    // A window that ends here leaves an experiment, and no code without one.
    assert.deepEqual([at.api.all("experiments").length, at.api.all("configmaps").length], [1, 0]);
    faults(at.api, {});
    const uid = await apply(at, yaml);
    assert.equal(at.api.all("experiments").length, 1);
    assert.deepEqual(owners(at.api), [uid]);
    const second = await apply(at, yaml.replace("name: search\n", "name: again\n"));
    assert.deepEqual(owners(at.api), [uid, second]);
    // Another half of it, as of a large one: neither keeps the other from being tried and named.
    const third = await check(at, yaml.replace("name: search\n", "name: third\n"));
    const code = third.code.flatMap((map) => [map, { ...map, metadata: { ...map.metadata, name: "other" } }]);
    for (const [path, object] of at.api.objects)
      if (path.includes("/configmaps/")) at.api.objects.set(path.replace(/[^/]+$/, "other"), object);
    faults(at.api, { "PATCH configmaps": { status: 403, reason: "Forbidden" } });
    await assert.rejects(at.desk.apply({ ...third, code }, at.client), {
      code: "code-stays",
      message: /^third was made.*-code-\S+, other of alice could not be/,
    });
  });
});
