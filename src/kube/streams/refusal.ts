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
  return new UserError(status === 404 ? "gone" : "refused", what, { why, cause: error });
}
