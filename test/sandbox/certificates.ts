// The sandbox's certificates: one authority of its own, made once and kept, so that a kubeconfig that a window
// has loaded stays good when the sandbox is started afresh.
import fs from "node:fs";
import path from "node:path";
import { run } from "../../scripts/steps.mjs";
import { FIRST_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME, allInsideAddresses } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { needPrograms } from "./machine.ts";

const DAYS = "3650";

/** Client certificates by name, with the subject that Kubernetes takes user (CN) and groups (O) from. */
const CLIENTS: Record<string, string> = {
  admin: "/O=system:masters/CN=admin",
  narrow: "/CN=narrow",
  reader: "/CN=reader",
  "controller-manager": "/CN=system:kube-controller-manager",
  scheduler: "/CN=system:kube-scheduler",
  proxy: "/CN=system:kube-proxy",
  kubelet: `/O=system:nodes/CN=system:node:${NODE_NAME}`,
  "front-proxy": "/CN=front-proxy-client",
};

/** Makes what is missing. A folder that is half made (a crash) is made again whole. */
export async function makeCertificates(layout: Layout): Promise<void> {
  if (fs.existsSync(layout.certificates)) return;
  await needPrograms(["openssl"]);
  const dir = `${layout.certificates}.making`;
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const openssl = (...args: string[]) => run("openssl", args, { cwd: dir });
  const key = (name: string) => openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);

  await key("ca");
  await openssl(
    "req",
    "-x509",
    "-new",
    "-key",
    "ca.key",
    "-subj",
    `/CN=trainyard-${layout.name}`,
    "-days",
    DAYS,
    "-out",
    "ca.crt",
  );
  const sign = async (name: string, subject: string, alternatives: string[] = []) => {
    await key(name);
    await openssl("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", `${name}.csr`);
    const extensions = ["keyUsage=digitalSignature,keyEncipherment", "extendedKeyUsage=serverAuth,clientAuth"];
    if (alternatives.length > 0) extensions.push(`subjectAltName=${alternatives.join(",")}`);
    fs.writeFileSync(path.join(dir, `${name}.ext`), extensions.join("\n") + "\n");
    const serial = ["-set_serial", String(Date.now()) + String(Math.floor(Math.random() * 1e6))];
    await openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      ...serial,
      "-days",
      DAYS,
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.crt`,
    );
  };
  const services = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
  ];
  const addresses = ["127.0.0.1", FIRST_SERVICE_ADDRESS, NODE_ADDRESS, ...allInsideAddresses()];
  await Promise.all([
    sign("apiserver", "/CN=kube-apiserver", [
      ...services.map((name) => `DNS:${name}`),
      ...addresses.map((ip) => `IP:${ip}`),
    ]),
    sign("kubelet-serving", `/O=system:nodes/CN=system:node:${NODE_NAME}`, [
      `DNS:${NODE_NAME}`,
      "IP:127.0.0.1",
      `IP:${NODE_ADDRESS}`,
    ]),
    ...Object.entries(CLIENTS).map(([name, subject]) => sign(name, subject)),
    // Service account tokens are signed with it.
    openssl("genrsa", "-out", "service-accounts.key", "2048").then(() =>
      openssl("rsa", "-in", "service-accounts.key", "-pubout", "-out", "service-accounts.pub"),
    ),
  ]);
  fs.renameSync(dir, layout.certificates);
}

/** Text of one of the files that `makeCertificates` made. */
export function certificate(layout: Layout, file: string): string {
  return fs.readFileSync(path.join(layout.certificates, file), "utf8");
}
