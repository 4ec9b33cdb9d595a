// A client certificate that the sandbox's own authority has signed, and that ended years ago.
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type Cleanup, kubeconfigOf, temporaryFolder } from "./support.ts";

const run = promisify(execFile);

/** PEM of a certificate for the user `late` and of its key; valid in 2020 alone. Needs openssl, as the sandbox does. */
export async function expiredPair(cleanup: Cleanup): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  const authority = path.join(path.dirname(kubeconfigOf("admin")), "certificates");
  const dir = await temporaryFolder(cleanup);
  const settings = [
    ...["[ca]", "default_ca=d", "[d]", "new_certs_dir=.", "database=index", "rand_serial=yes", "default_md=sha256"],
    ...["policy=p", "[p]", "commonName=supplied", "[x]", "extendedKeyUsage=clientAuth"],
  ];
  await fs.writeFile(path.join(dir, "settings"), `${settings.join("\n")}\n`);
  await fs.writeFile(path.join(dir, "index"), "");
  const openssl = (...args: string[]) => run("openssl", args, { cwd: dir });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"];
  await openssl("req", ...newKey, "-subj", "/CN=late", "-out", "request");
  const signer = ["-cert", path.join(authority, "ca.crt"), "-keyfile", path.join(authority, "ca.key")];
  const dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
  await openssl(
    "ca",
    "-batch",
    "-notext",
    "-config",
    "settings",
    "-extensions",
    "x",
    ...signer,
    ...dates,
    "-in",
    "request",
    "-out",
    "cert",
  );
  return { cert: await fs.readFile(path.join(dir, "cert")), key: await fs.readFile(path.join(dir, "key")) };
}
