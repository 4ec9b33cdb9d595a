import { X509Certificate } from "node:crypto";
import { ago } from "../core/text.ts";
import { ConnectError } from "./errors.ts";

/** When a PEM certificate (the first of a chain) stops being valid, in wall ms; undefined where it cannot be read. */
export function certificateEnd(pem: Buffer): number | undefined {
  try {
    const end = Date.parse(new X509Certificate(pem).validTo);
    return Number.isNaN(end) ? undefined : end;
  } catch {
    return undefined; // The connection will say what is wrong with it.
  }
}

/** The error for a client certificate that ended before `now` (wall ms); undefined while it is valid. */
export function expiredCertificate(pem: Buffer, user: string, now: number): ConnectError | undefined {
  const end = certificateEnd(pem);
  if (end === undefined || end > now) return undefined;
  const [day] = new Date(end).toISOString().split("T");
  const what = `The certificate for user ${user} expired ${ago(now - end)} (${day ?? ""}).`;
  const hint = "Get a new one from where the cluster's access was given, then try again.";
  return new ConnectError("certificate-expired", what, { hint });
}
