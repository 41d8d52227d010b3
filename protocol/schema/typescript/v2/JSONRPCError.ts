// Generated from the message types of codex-trio. Do not edit.
import type { JSONRPCErrorError } from "./JSONRPCErrorError";
import type { RequestId } from "../RequestId";

/** The failure of the request with this id. */
export type JSONRPCError = {
  error: JSONRPCErrorError,
  id: RequestId,
};
