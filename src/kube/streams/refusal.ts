import type { IncomingMessage } from "node:http";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { statusOf } from "../client.ts";
import { ApiError, isApiError } from "../errors.ts";

const MAX_BYTES = 64 * 1024;

/** What an answer that is no upgrade says, from as much of its body as anybody would read. */
export async function readRefusal(response: IncomingMessage): Promise<ApiError> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BYTES) break;
  }
  return new ApiError(status, statusOf(Buffer.concat(chunks).toString("utf8")));
}

/** `what` did not happen, in the server's words; errors that have their words already pass through. */
export function refused(error: unknown, what: string): unknown {
  if (!isApiError(error)) return error;
  const { status } = error;
  const why = `The cluster says: ${label(error.message, 300).replace(/\.$/, "")}.`;
  if (status === 403)
    return new UserError("no-rights", what, { why, hint: "An administrator can allow it.", cause: error });
  const code = status === 404 ? "gone" : isNotReady(status, error.message) ? "not-ready" : "refused";
  return new UserError(code, what, { why, cause: error });
}

/** A pod that has no node yet, or whose kubelet has not heard of it; what stands before a cluster that is away. */
function isNotReady(status: number, message: string): boolean {
  if (status === 400) return /does not have a host assigned/.test(message);
  return status === 500 ? /pod not found/.test(message) : [502, 503, 504].includes(status);
}
