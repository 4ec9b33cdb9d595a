// The stand-in of a platform's gateway (dashboardGateway.py), as objects of the cluster.
import fs from "node:fs";
import path from "node:path";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { POD, SERVICE } from "../../src/kubeflow/kinds/resources.ts";
import { PYTHON } from "./support.ts";

export const DEPLOYMENT: ResourceKind = { ...POD, group: "apps", plural: "deployments", kind: "Deployment" };
export const ACCOUNT = { email: "ada@example.org", password: "p&w=1" };

/** @param pipelines `host:port` of the server behind it, where that is asked for */
export function gatewayObjects(
  name: string,
  namespace: string,
  pipelines = "",
  session = "s3ss10n",
): readonly (readonly [ResourceKind, KubeObject])[] {
  const labels = { app: name };
  const program = fs.readFileSync(path.join(import.meta.dirname, "dashboardGateway.py"), "utf8");
  const env = [
    { name: "ACCOUNT", value: `${ACCOUNT.email} ${ACCOUNT.password}` },
    { name: "SESSION", value: session },
    { name: "PIPELINES", value: pipelines },
  ];
  const container = {
    ...{ name: "gateway", image: PYTHON, command: ["python3", "-c", program], env },
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  };
  const template = { metadata: { labels }, spec: { containers: [container], terminationGracePeriodSeconds: 1 } };
  const metadata = { name, namespace };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { selector: { matchLabels: labels }, template },
  };
  const ports = [{ name: "http2", port: 80, targetPort: 8080 }];
  return [
    [DEPLOYMENT, deployment],
    [SERVICE, { apiVersion: "v1", kind: "Service", metadata, ...{ spec: { selector: labels, ports } } }],
  ];
}
