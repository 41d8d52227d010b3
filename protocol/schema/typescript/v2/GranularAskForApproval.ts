// Generated from the message types of codex-trio. Do not edit.
import type { GranularApproval } from "./GranularApproval";

/** The policy that switches each kind of request separately. */
export type GranularAskForApproval = {
  granular: GranularApproval,
};
