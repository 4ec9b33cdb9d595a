// A release of three small components, for the rows that begin anew many times: a definition with a webhook and a custom
// resource, a component that needs it, and one that stands by itself.
import fs from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import type { Component, Release } from "../../src/install/index.ts";
import { make, namespace, settings } from "./shapes.ts";

const part = (of: string, id: string, needs: readonly string[] = []): Component => ({
  id,
  title: id,
  version: "1",
  about: "",
  needs,
  paths: [id],
  namespaces: [`${of}-${id}`],
  readyWithinS: 20,
  uses: { cpu: 10, memory: 10, storage: 0 },
});

/** Names that the stand-in's certificate knows: under another one, nobody waits for what an earlier test has left. */
export const SMALL_NAMES = ["small", ...Array.from({ length: 30 }, (_, at) => `small${at + 1}`)];

export const smallRelease = (of: string): Release => ({
  id: "small",
  date: "2026-11-22",
  source: { repository: "trainyard/small", ref: "small" },
  kubernetes: { oldest: 34, newest: 34 },
  profiles: [{ id: "all", title: "All", about: "", components: ["base", "next", "side"] }],
  components: [part(of, "base"), part(of, "next", ["base"]), part(of, "side")],
});
export const SMALL = smallRelease("small");

const deployment = (space: string, ports: readonly object[] = []): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "controller", namespace: space },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: space } },
    // Nobody waits for what a fake pod would still do at its end.
    template: {
      metadata: { labels: { app: space } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: "none", ports }] },
    },
  },
});
const thing = (name: string, space: string): object =>
  make("small.test/v1", "Thing", space, name, { spec: { a: "b" } });

const BASE = [
  namespace("small-base"),
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.small.test" },
    spec: {
      group: "small.test",
      scope: "Namespaced",
      names: { kind: "Thing", plural: "things" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", additionalProperties: { type: "string" } } },
            },
          },
        },
      ],
    },
  },
  deployment("small-base", [{ name: "hooks", containerPort: 9443 }]),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "hooks", namespace: "small-base" },
    spec: { selector: { app: "small-base" }, ports: [{ port: 443, targetPort: "hooks" }] },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "things.small.test" },
    webhooks: [
      {
        name: "things.small.test",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        clientConfig: { caBundle: "Cg==", service: { name: "hooks", namespace: "small-base", path: "/things" } },
        rules: [
          { apiGroups: ["small.test"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["things"] },
        ],
      },
    ],
  },
  thing("one", "small-base"),
];
const NEXT = [
  namespace("small-next"),
  settings("small-next", "settings", { a: "b" }),
  deployment("small-next"),
  thing("two", "small-next"),
];
const SIDE = [namespace("small-side"), settings("small-side", "settings", { a: "b" }), deployment("small-side")];

/** Objects of all three. */
export const SMALL_OBJECTS = BASE.length + NEXT.length + SIDE.length;

/** Lays the release's files into a folder; `more` are further objects of a component; `small` in them becomes `of`. */
export async function smallFolder(
  folder: string,
  more: Readonly<Record<string, readonly object[]>> = {},
  of = "small",
): Promise<string> {
  for (const [id, objects] of Object.entries({ base: BASE, next: NEXT, side: SIDE })) {
    const place = path.join(folder, id);
    await fs.mkdir(place, { recursive: true });
    const all = [...objects, ...(more[id] ?? [])];
    const yaml = all.map((object) => stringify(object)).join("---\n");
    await fs.writeFile(path.join(place, "objects.yaml"), yaml.replaceAll("small", of));
    await fs.writeFile(path.join(place, "kustomization.yaml"), stringify({ resources: ["objects.yaml"] }));
  }
  return folder;
}
