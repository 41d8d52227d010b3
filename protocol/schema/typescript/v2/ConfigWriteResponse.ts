// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { OverriddenMetadata } from "./OverriddenMetadata";
import type { WriteStatus } from "./WriteStatus";

/** What was written and where. */
export type ConfigWriteResponse = {
  status: WriteStatus,
  version: string,
  filePath: AbsolutePathBuf,
  /** What hides it; null when nothing does. */
  overriddenMetadata: OverriddenMetadata | null,
};
