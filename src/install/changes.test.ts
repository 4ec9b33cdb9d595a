import assert from "node:assert/strict";
import { parse } from "yaml";
import type { InstallSecrets } from "./accounts.ts";
import { changed, type ChangeSettings } from "./changes.ts";
import { COMPONENT_LABEL, type Manifest } from "./objects.ts";
import type { Choice, Component, Release } from "./release.ts";

const SECRETS: InstallSecrets = {
  accounts: [
    { email: "ada@x.org", hash: "$2b$10$ada" },
    { email: "alan@x.org", hash: "$2b$10$alan" },
  ],
  clientSecret: "made-client",
  cookieSecret: "made-cookie",
  elsewhere: [],
};
const RELEASE: Release = {
  ...{ id: "r", date: "2026-11-30", source: { repository: "a/b", ref: "r" }, kubernetes: { oldest: 34, newest: 36 } },
  madeUp: { email: "user@example.com", namespace: "kubeflow-user-example-com" },
  ...{ profiles: [], components: [] },
};

function part(more: Partial<Component> = {}): Component {
  return {
    ...{ id: "x", title: "X", version: "1", about: "", needs: [], paths: [], namespaces: [], readyWithinS: 1 },
    uses: { cpu: 0, memory: 0, storage: 0 },
    ...more,
  };
}

function settings(choice: Partial<Choice> = {}, secrets: Partial<InstallSecrets> = {}): ChangeSettings {
  return {
    release: RELEASE,
    choice: { release: "r", wanted: [], platform: "any", ...choice },
    secrets: { accounts: [], clientSecret: "a", cookieSecret: "b", elsewhere: [], ...secrets },
    issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
  };
}

function object(kind: string, namespace: string, name: string, more: object): Manifest {
  return { apiVersion: "v1", kind, metadata: { name, ...(namespace !== "" && { namespace }) }, ...more };
}

const PEOPLE = { people: ["ada@x.org", "alan@x.org"] };

describe("what differs from upstream", () => {
  it("changes only what is named: a label on all, empty authorities, rules that the cluster gathers", () => {
    const bundle = Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64");
    const hooks = (caBundle: string): { clientConfig: object }[] => [{ clientConfig: { caBundle, url: "x" } }];
    const named = (kind: string, more: object): Parameters<typeof changed>[1][number] => ({
      apiVersion: "v1",
      kind,
      metadata: { name: "a", labels: { b: "c" } },
      ...more,
    });
    const { objects, changes } = changed(
      part(),
      [
        named("MutatingWebhookConfiguration", { webhooks: hooks("Cg==") }),
        named("MutatingWebhookConfiguration", { webhooks: hooks(bundle) }),
        named("ClusterRole", { aggregationRule: {}, rules: [] }),
        named("ClusterRole", { rules: [] }),
      ],
      settings(),
    );
    assert.deepEqual(
      objects.map((object) => Object.fromEntries(Object.entries(object).slice(3))),
      [
        { webhooks: [{ clientConfig: { url: "x" } }] },
        { webhooks: hooks(bundle) },
        { aggregationRule: {} },
        { rules: [] },
      ],
    );
    assert.ok(
      objects.every(
        ({ metadata }) => JSON.stringify(metadata["labels"]) === JSON.stringify({ b: "c", [COMPONENT_LABEL]: "x" }),
      ),
    );
    assert.deepEqual(
      changes.map(({ component }) => component),
      ["*", "x", "x"],
    );
  });

  it("puts the people of the install into Dex, with hashes by variables of their own, and no well-known person", () => {
    const config =
      "issuer: http://dex\nstaticPasswords:\n- {email: user@example.com, hashFromEnv: DEX_USER_PASSWORD}\n";
    const { objects, changes } = changed(
      part(),
      [
        object("Secret", "auth", "dex-passwords", { stringData: { DEX_USER_PASSWORD: "$2y$12$known" } }),
        object("ConfigMap", "auth", "dex", { data: { "config.yaml": config } }),
      ],
      settings(PEOPLE, SECRETS),
    );
    const [secret, settingsMap] = objects;
    const hashes = secret?.["stringData"] as Record<string, string>;
    assert.deepEqual(Object.values(hashes), ["$2b$10$ada", "$2b$10$alan"]);
    const { issuer, staticPasswords } = parse(
      (settingsMap?.["data"] as Record<string, string>)["config.yaml"] ?? "",
    ) as {
      readonly issuer: string;
      readonly staticPasswords: readonly Record<string, string>[];
    };
    assert.equal(issuer, "http://dex");
    assert.deepEqual(
      staticPasswords.map(({ email, hashFromEnv, username }) => ({ email, hash: hashes[hashFromEnv ?? ""], username })),
      [
        { email: "ada@x.org", hash: "$2b$10$ada", username: "ada" },
        { email: "alan@x.org", hash: "$2b$10$alan", username: "alan" },
      ],
    );
    assert.doesNotMatch(JSON.stringify(objects), /user@example\.com|\$2y\$12\$known/);
    assert.match(changes.at(-1)?.what ?? "", /^ada@x\.org, alan@x\.org may sign in instead of user@example\.com/);
  });

  it("makes the secrets between Dex and oauth2-proxy for the install, whatever suffix kustomize gave their names", () => {
    const { objects } = changed(
      part(),
      [
        object("Secret", "auth", "dex-oidc-client", { data: { OIDC_CLIENT_ID: "aWQ=", OIDC_CLIENT_SECRET: "eA==" } }),
        object("Secret", "oauth2-proxy", "oauth2-proxy-h675gf55ht", {
          data: { "client-secret": "eA==", "cookie-secret": "eA==" },
        }),
        object("Secret", "oauth2-proxy", "another", { data: { "client-secret": "eA==" } }),
      ],
      settings(PEOPLE, SECRETS),
    );
    const plain = objects.map(({ data }) =>
      Object.entries(data as Record<string, string>).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString(),
      ]),
    );
    assert.deepEqual(plain, [
      [
        ["OIDC_CLIENT_ID", "id"],
        ["OIDC_CLIENT_SECRET", "made-client"],
      ],
      [
        ["client-secret", "made-client"],
        ["cookie-secret", "made-cookie"],
      ],
      [["client-secret", "x"]],
    ]);
  });

  it("makes a profile with a quota for each person, and takes what was meant for the made-up one to the first", () => {
    const profile = object("Profile", "", "kubeflow-user-example-com", {
      spec: { owner: { kind: "User", name: "user@example.com" } },
    });
    const route = object("VirtualService", "kubeflow-user-example-com", "hub", {
      spec: { host: "hub.kubeflow-user-example-com.svc.cluster.local" },
    });
    const quota = { cpu: 8, memoryGiB: 32, gpus: 1 };
    const { objects, changes } = changed(part(), [profile, route], settings({ ...PEOPLE, quota }, SECRETS));
    const hard = { "requests.cpu": "8", "requests.memory": "32Gi", "requests.nvidia.com/gpu": "1" };
    assert.deepEqual(
      objects.map(({ metadata, spec }) => [metadata.name, metadata.namespace, spec]),
      [
        ["ada", undefined, { owner: { kind: "User", name: "ada@x.org" }, resourceQuotaSpec: { hard } }],
        ["alan", undefined, { owner: { kind: "User", name: "alan@x.org" }, resourceQuotaSpec: { hard } }],
        ["hub", "ada", { host: "hub.ada.svc.cluster.local" }],
      ],
    );
    assert.deepEqual(
      changes.slice(1).map(({ what }) => what),
      [
        "The namespaces ada, alan are made, each with a quota of 8 CPUs, 32 GiB, 1 GPU",
        "What is meant for kubeflow-user-example-com goes to ada",
      ],
    );
  });

  it("puts the chosen class on claims and on what makes them, and on nothing else", () => {
    const { objects } = changed(
      part(),
      [
        object("PersistentVolumeClaim", "a", "b", { spec: { storageClassName: "old" } }),
        object("StatefulSet", "a", "c", { spec: { volumeClaimTemplates: [{ metadata: { name: "d" }, spec: {} }] } }),
        object("StatefulSet", "a", "e", { spec: { replicas: 1 } }),
      ],
      settings({ storageClass: "fast" }),
    );
    assert.deepEqual(
      objects.map(({ spec }) => spec),
      [
        { storageClassName: "fast" },
        { volumeClaimTemplates: [{ metadata: { name: "d" }, spec: { storageClassName: "fast" } }] },
        { replicas: 1 },
      ],
    );
  });

  it("fills in EKS's issuer, lets cookies go without https, and says that another overlay was taken", () => {
    const other = { paths: ["eks"], what: "The overlay for EKS", why: "so it is" };
    const placeholder = "https://oidc.eks.AWS_REGION.amazonaws.com/id/CLUSTER_ID";
    const { objects, changes } = changed(
      part({ pathsOn: { eks: other } }),
      [
        object("RequestAuthentication", "istio-system", "m2m", { spec: { jwtRules: [{ issuer: placeholder }] } }),
        object("ConfigMap", "oauth2-proxy", "oauth2-proxy-parameters-mt8d9tdhk2", { data: { FORCE_HTTPS: "true" } }),
      ],
      settings({ platform: "eks" }),
    );
    assert.match(JSON.stringify(objects[0]), /oidc\.eks\.eu-west-1\.amazonaws\.com\/id\/ABC/);
    assert.deepEqual(objects[1]?.["data"], { FORCE_HTTPS: "false" });
    assert.deepEqual(
      changes.slice(1).map(({ title, what }) => `${title ?? ""}: ${what}`),
      [
        "X: The overlay for EKS",
        "X: The issuer of the cluster’s tokens is https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
        "X: Cookies of the sign-in go without https too",
      ],
    );
  });

  it("marks who reads the secrets at its start only, by what is in them", () => {
    const pods = { spec: { template: { metadata: { labels: { app: "dex" } } } } };
    const marks = (secrets: Partial<InstallSecrets>): readonly unknown[] =>
      changed(
        part(),
        [object("Deployment", "auth", "dex", pods), object("Deployment", "auth", "another", pods)],
        settings(PEOPLE, secrets),
      ).objects.map(({ spec }) => (spec as typeof pods.spec).template.metadata);
    const [dex, another] = marks(SECRETS);
    assert.match(
      JSON.stringify(dex),
      /^\{"labels":\{"app":"dex"\},"annotations":\{"trainyard\/secrets":"[0-9a-f]{16}"\}\}$/,
    );
    assert.deepEqual(another, { labels: { app: "dex" } });
    assert.deepEqual(marks(SECRETS)[0], dex);
    assert.notDeepEqual(marks({ ...SECRETS, cookieSecret: "another" })[0], dex);
  });

  it("leaves to Istio whether its validation may be passed over", () => {
    const hook = (name: string): Manifest =>
      object("ValidatingWebhookConfiguration", "", name, { webhooks: [{ name: "a", failurePolicy: "Ignore" }] });
    const { objects } = changed(part(), [hook("istio-validator-istio-system"), hook("another")], settings());
    assert.deepEqual(
      objects.map(({ webhooks }) => webhooks),
      [[{ name: "a" }], [{ name: "a", failurePolicy: "Ignore" }]],
    );
  });
});
