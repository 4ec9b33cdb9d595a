// Kubeconfig files: for the people on the host, and for the programs inside.
import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { certificate } from "./certificates.ts";
import { USERS } from "./layout.ts";
import type { Layout, User } from "./layout.ts";
import { giveBack } from "./machine.ts";

export type Credential = { certificate: string; key: string } | { token: string };

/** @param namespace what the context starts in; left out, the cluster's default */
export function kubeconfig(
  name: string,
  server: string,
  authority: string,
  credential: Credential,
  namespace?: string,
): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const user =
    "token" in credential
      ? { token: credential.token }
      : { "client-certificate-data": base64(credential.certificate), "client-key-data": base64(credential.key) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
    "current-context": name,
  });
}

// The two narrow users may not list namespaces, so their kubeconfig has to name the one that is theirs.
const NAMESPACE_OF: Record<User, string | undefined> = { admin: undefined, narrow: "team-a", reader: "team-a" };

/** Writes the host's kubeconfigs, one file a user. A file that is right already is left alone: watchers see no change. */
export async function writeUserKubeconfigs(layout: Layout, address: string): Promise<void> {
  const authority = certificate(layout, "ca.crt");
  for (const user of USERS) {
    const name = user === "admin" ? `trainyard-${layout.name}` : `trainyard-${layout.name}-${user}`;
    const credential = { certificate: certificate(layout, `${user}.crt`), key: certificate(layout, `${user}.key`) };
    const text = kubeconfig(name, address, authority, credential, NAMESPACE_OF[user]);
    const file = layout.kubeconfig(user);
    if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === text) continue;
    fs.writeFileSync(`${file}.new`, text, { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
  }
  await giveBack(layout.certificates, layout.settings, ...USERS.map((user) => layout.kubeconfig(user)));
}

/** Writes the kubeconfig of a program inside; returns its path. */
export function writeInsideKubeconfig(layout: Layout, user: string, server: string): string {
  const file = path.join(layout.run, `${user}.kubeconfig`);
  const credential = { certificate: certificate(layout, `${user}.crt`), key: certificate(layout, `${user}.key`) };
  fs.writeFileSync(file, kubeconfig("sandbox", server, certificate(layout, "ca.crt"), credential), { mode: 0o600 });
  return file;
}
