import assert from "node:assert/strict";
import { UserError } from "../core/errors.ts";
import { SilentStreamError } from "./body.ts";
import { ApiError, type ApiStatus, ConnectError, isApiError } from "./errors.ts";

interface Errors {
  readonly ApiError: new (status: number, body: ApiStatus) => Error;
  readonly ConnectError: new (code: string, what: string) => Error;
}

describe("errors of another bundle", () => {
  it("are what they are, though each bundle has classes of its own", async () => {
    // The same module once more, as another bundle has it.
    const again = "./errors.ts?again";
    const other = (await import(again)) as Errors;
    assert.notEqual(other.ApiError, ApiError);
    const refused: unknown = new other.ApiError(404, { reason: "NotFound", message: "no" });
    assert.ok(refused instanceof ApiError);
    assert.ok(isApiError(refused, "NotFound") && !isApiError(refused, "Conflict"));
    const away: unknown = new other.ConnectError("unreachable", "away");
    assert.ok(away instanceof ConnectError);
    const kinds = [UserError, ConnectError, ApiError, SilentStreamError] as const;
    const isOf = (error: unknown): readonly boolean[] => kinds.map((kind) => error instanceof kind);
    assert.deepEqual(isOf(away), [true, true, false, false]);
    assert.deepEqual(isOf(refused), [false, false, true, false]);
    assert.deepEqual(isOf(new UserError("code", "what")), [true, false, false, false]);
    assert.deepEqual(isOf(new SilentStreamError(1_000)), [true, true, false, true]);
    assert.deepEqual(isOf(new Error("any")), [false, false, false, false]);
  });
});
