import assert from "node:assert/strict";
import { KubeClient } from "../../kube/client.ts";
import { FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { findDoor } from "./wayIn.ts";

const NEVER = new AbortController().signal;
const GATEWAY = "/api/v1/namespaces/istio-system/services/istio-ingressgateway";
const GATEWAY_PODS = "/api/v1/namespaces/istio-system/pods";
const PIPELINES = "/api/v1/namespaces/kubeflow/services/ml-pipeline-ui";
const PIPELINE_PODS = "/api/v1/namespaces/kubeflow/pods";
const CENTRAL = { "/api/v1/namespaces/kubeflow/services/centraldashboard": {} };

/** A cluster that answers these at these paths; a status instead of an object is a refusal. */
function find(has: Readonly<Record<string, object | number>>): ReturnType<typeof findDoor> {
  const transport = new FakeTransport(({ path }) => {
    const found = has[path] ?? 404;
    return typeof found === "number" ? refusal(found, found === 403 ? "Forbidden" : "NotFound", "no") : json(found);
  });
  return findDoor(new KubeClient(transport), NEVER);
}

const service = (targetPort: number | string): object => ({
  metadata: { name: "s" },
  spec: {
    selector: { app: "s" },
    ports: [
      { port: 15021, targetPort: 15021 },
      { port: 80, targetPort },
    ],
  },
});
const pod = (name: string, ready: boolean, more: object = {}): object => ({
  metadata: { name, ...more },
  spec: { containers: [{ ports: [{ name: "web", containerPort: 3000 }] }] },
  status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});

describe("the way to a dashboard", () => {
  it("is the gateway: a pod that is ready and stays, at the port behind the Service's 80", async () => {
    const items = [pod("a", false), pod("b", true, { deletionTimestamp: "2026-11-22T00:00:00Z" }), pod("c", true)];
    assert.deepEqual(await find({ [GATEWAY]: service(8080), [GATEWAY_PODS]: { items } }), {
      ...{ namespace: "istio-system", service: "istio-ingressgateway", pod: "c", port: 8080 },
    });
  });

  it("is the page of pipelines where there is no gateway, also at a port that has a name", async () => {
    const has = { [PIPELINES]: service("web"), [PIPELINE_PODS]: { items: [pod("p", true)] } };
    assert.deepEqual(await find(has), { namespace: "kubeflow", service: "ml-pipeline-ui", pod: "p", port: 3000 });
  });

  it("is the gateway before the pipelines only where the platform's own page is behind it", async () => {
    const both = {
      ...{ [GATEWAY]: service(8080), [GATEWAY_PODS]: { items: [pod("g", true)] } },
      ...{ [PIPELINES]: service(3000), [PIPELINE_PODS]: { items: [pod("p", true)] } },
    };
    const way = async (has: object): Promise<string> => (await find({ ...both, ...has })).pod;
    assert.equal(await way({}), "p");
    assert.equal(await way(CENTRAL), "g");
    assert.equal(
      await way({ ...CENTRAL, [GATEWAY_PODS]: { items: [pod("g", false)] } }),
      "p",
      "what is ready comes next",
    );
  });

  it("where there is none, none that is ready, or none that may be seen, says so", async () => {
    await assert.rejects(find({}), {
      code: "no-dashboard",
      message:
        "The dashboard was not opened. This cluster has none: there is no Service istio-ingressgateway in istio-system, " +
        "and none ml-pipeline-ui in kubeflow. The full platform has one, and so have pipelines.",
    });
    await assert.rejects(find({ [GATEWAY]: service(8080), [GATEWAY_PODS]: { items: [] } }), {
      code: "no-ready-pod",
      message:
        "The dashboard was not opened. No pod of istio-ingressgateway in istio-system is ready. Open it again when it is.",
    });
    await assert.rejects(find({ [GATEWAY]: 403 }), { code: "no-rights" });
  });
});
