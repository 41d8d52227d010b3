// Generated from the message types of codex-trio. Do not edit.
import type { FileUpdateChange } from "./FileUpdateChange";

/** What a patch will change, while the model still writes it. */
export type FileChangePatchUpdatedNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  changes: Array<FileUpdateChange>,
};
