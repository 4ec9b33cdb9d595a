import { errorCode, errorText, isCancelled } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { redact } from "../core/redact.ts";
import { ConnectError } from "./errors.ts";
import type { Place } from "./place.ts";

const CERTIFICATE_REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  CERT_REVOKED: "its certificate was revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate comes from an authority that is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate comes from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate comes from an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate comes from an unknown authority",
  CERT_SIGNATURE_FAILURE: "its certificate was not made by the authority that the kubeconfig names",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

/** Alerts with which a server refuses the client's certificate (RFC 8446, 6.2; OpenSSL's names for them). */
const REFUSED_CERTIFICATE =
  /ALERT_(CERTIFICATE_(EXPIRED|REQUIRED|REVOKED|UNKNOWN)|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|UNSUPPORTED_CERTIFICATE)/;

/** What failed on the way to `place`, in plain words. Errors that have their words already pass through. */
export function connectFailure(error: unknown, place: Place): Error {
  if (error instanceof ConnectError || (error instanceof Error && isCancelled(error))) return error;
  const code = errorCode(error) ?? "";
  const certificate = CERTIFICATE_REASONS[code];
  if (certificate !== undefined) return untrusted(certificate, place, error);
  if (REFUSED_CERTIFICATE.test(code)) return refusedCertificate(code, place, error);
  return unreachable(reason(code, place, error), place, error);
}

/** `The cluster cannot be reached: …`, or the site. */
export function unreachable(why: string, place: Place, cause?: unknown): ConnectError {
  const hint =
    place.site === undefined && (place.host === "localhost" || /^127\.|^::1$/.test(place.host))
      ? "Is the local cluster running?"
      : "Check the network, the VPN or the proxy.";
  return new ConnectError("unreachable", `${place.site ?? "The cluster"} cannot be reached: ${why}.`, { hint, cause });
}

/** The server said 401, also to fresh credentials. */
export function signInNeeded({ at, user }: Place): ConnectError {
  const nobody = user === "";
  return new ConnectError(
    "sign-in-needed",
    nobody
      ? `The cluster at ${at} wants a sign-in.`
      : `The cluster at ${at} did not accept the credentials of user ${user}.`,
    { hint: nobody ? "The context names no user." : "Sign in again with the tool that made them, then try again." },
  );
}

/** Why there was no connection, in plain words, by the code of the error. */
export function reason(code: string, { host, at }: Pick<Place, "host" | "at">, error: unknown): string {
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${at}`;
    case "ENOTFOUND":
      return `the name ${host} was not found`;
    case "EAI_AGAIN":
      return `the name ${host} could not be looked up`;
    case "ETIMEDOUT":
      return `no answer from ${at}`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return `there is no way to ${at} from here`;
    case "ECONNRESET":
    case "EPIPE":
    case "ERR_STREAM_PREMATURE_CLOSE":
    case "ERR_HTTP2_STREAM_CANCEL":
    case "ERR_HTTP2_GOAWAY_SESSION":
    case "ERR_HTTP2_INVALID_SESSION":
    case "ERR_HTTP2_STREAM_ERROR":
    case "ERR_HTTP2_SESSION_ERROR":
      return `${at} closed the connection`;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "EPROTO":
      return `${at} does not speak TLS as expected`;
    default:
      // A proxy's or a parser's own words; they come from outside.
      return code.startsWith("HPE_")
        ? `${at} does not speak HTTP`
        : `${at} failed (${label(redact(errorText(error)), 160)})`;
  }
}

function untrusted(why: string, place: Place, cause: unknown): ConnectError {
  return new ConnectError("untrusted-server", `The server at ${place.at} is not trusted: ${why}.`, {
    hint:
      place.site === undefined
        ? `The cluster ${place.cluster} of the kubeconfig says what is trusted (certificate-authority, tls-server-name).`
        : "What the system trusts is trusted: its administrator can add an authority.",
    cause,
  });
}

function refusedCertificate(code: string, place: Place, cause: unknown): ConnectError {
  const what = code.includes("EXPIRED")
    ? `The server at ${place.at} says that the certificate for user ${place.user} has expired.`
    : code.includes("REQUIRED")
      ? `The server at ${place.at} wants a certificate, and the user ${place.user} has none.`
      : `The server at ${place.at} refused the certificate for user ${place.user}.`;
  return new ConnectError("certificate-expired", what, {
    hint: "Get a new one from where the cluster's access was given, then try again.",
    cause,
  });
}
