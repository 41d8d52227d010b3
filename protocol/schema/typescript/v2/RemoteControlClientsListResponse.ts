// Generated from the message types of codex-trio. Do not edit.
import type { RemoteControlClient } from "./RemoteControlClient";

/** A page of devices; a null cursor marks the last one. */
export type RemoteControlClientsListResponse = {
  data: Array<RemoteControlClient>,
  nextCursor: string | null,
};
