// Generated from the message types of codex-trio. Do not edit.
import type { TurnSettingsUpdateStatus } from "./TurnSettingsUpdateStatus";

/** Whether the change took effect. */
export type TurnSettingsUpdateResponse = {
  status: TurnSettingsUpdateStatus,
};
