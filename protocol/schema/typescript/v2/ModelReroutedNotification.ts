// Generated from the message types of codex-trio. Do not edit.
import type { ModelRerouteReason } from "./ModelRerouteReason";

/** The provider lets another model answer than was asked. */
export type ModelReroutedNotification = {
  threadId: string,
  turnId: string,
  fromModel: string,
  toModel: string,
  reason: ModelRerouteReason,
};
