import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { pathOf, plural } from "../api.ts";
import { CONTROLLERS } from "../controllers.ts";
import { lineReader, Report } from "../inside/talk.ts";
import { whyNotHere } from "../machine.ts";
import { mirrorIn } from "./debian.ts";
import { isNewEnough } from "./golang.ts";
import { parseObjects, withImages, withoutPods } from "./manifests.ts";

const MANIFESTS = `
apiVersion: v1
kind: Service
metadata: {name: operator, namespace: kubeflow}
spec:
  ports: [{port: 443}]
  selector: {app: operator}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator, namespace: kubeflow}
---
# nothing but a comment
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: operator, namespace: kubeflow}
`;

describe("sandbox parts", () => {
  it("runs controllers without pods: no Deployment, no selector, all else as it was", () => {
    const objects = withoutPods(parseObjects(MANIFESTS));
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ["Service", "ServiceAccount"],
    );
    assert.deepEqual(objects[0]?.["spec"], { ports: [{ port: 443 }] });
  });

  it("takes images of ours where no registry brings the named ones", () => {
    const pod = (image: string) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: [{ image }] });
    const images = { "pytorch/pytorch": "ours:1", "host:5000/other": "ours:2" };
    assert.deepEqual(withImages(["pytorch/pytorch:2.13.0", "host:5000/other", "pytorch/else:1"].map(pod), images), [
      pod("ours:1"),
      pod("ours:2"),
      pod("pytorch/else:1"),
    ]);
  });

  it("builds controllers in the versions whose manifests it takes", () => {
    for (const { builtBy, module, version } of CONTROLLERS) {
      if (builtBy === undefined) continue;
      const file = path.join(import.meta.dirname, "..", "go", builtBy, "go.mod");
      assert.ok(fs.readFileSync(file, "utf8").includes(`\t${module} v${version}\n`), `${module} v${version}`);
    }
  });

  it("gives each controller ports of its own", () => {
    const ports = CONTROLLERS.flatMap(({ webhook, ready }) => [webhook.port, Number(new URL(ready).port)]);
    assert.equal(new Set(ports).size, ports.length);
  });

  it("knows where objects are in the API", () => {
    const [service] = parseObjects(MANIFESTS);
    assert.ok(service);
    assert.equal(pathOf(service), "/api/v1/namespaces/kubeflow/services/operator");
    assert.equal(
      pathOf({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "x" } }),
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
    );
    assert.deepEqual(["NetworkPolicy", "Ingress", "PyTorchJob", "Gateway"].map(plural), [
      "networkpolicies",
      "ingresses",
      "pytorchjobs",
      "gateways",
    ]);
  });

  it("takes a Go that is new enough", () => {
    assert.ok(isNewEnough("go1.26.0\n", "1.26.0"));
    assert.ok(isNewEnough("go1.27rc1", "1.26.0"));
    assert.ok(!isNewEnough("go1.25.9", "1.26.0"));
    assert.ok(!isNewEnough("devel", "1.26.0"));
  });

  it("finds the Debian mirror among apt's sources", () => {
    const lines =
      "Other|stable|https://other.example/\nDebian|trixie-updates|https://deb.example/u/\nDebian|trixie|https://deb.example/t/\nDebian|bookworm|https://deb.example/b/\n";
    assert.equal(mirrorIn(lines), "https://deb.example/b/");
    assert.equal(mirrorIn("Debian|trixie|https://deb.example/t/\n"), "https://deb.example/t/");
    assert.equal(mirrorIn("Ubuntu|noble|https://ubuntu.example/\n"), undefined);
  });

  it("says in a sentence where it cannot run", () => {
    assert.match(whyNotHere("darwin", "arm64") ?? "", /needs Linux; this is darwin/);
    assert.match(whyNotHere("linux", "riscv64") ?? "", /riscv64/);
    assert.equal(whyNotHere("linux", "x64"), undefined);
  });

  it("puts messages together from pieces, and passes on what is none", () => {
    const heard: unknown[] = [];
    const other: string[] = [];
    const read = lineReader(
      Report,
      (report) => heard.push(report),
      (line) => other.push(line),
    );
    for (const chunk of ['{"what":"st', 'ep","text":"a"}\nnoise\n{"what":"here"}', "\n"]) read(chunk);
    assert.deepEqual(heard, [{ what: "step", text: "a" }, { what: "here" }]);
    assert.deepEqual(other, ["noise"]);
  });
});
