// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "./AbsolutePathBuf";

/** Who serves. */
export type InitializeResponse = {
  /** As sent to model providers: client name, server version, system, terminal. */
  userAgent: string,
  codexHome: AbsolutePathBuf,
  /** `unix` or `windows`. */
  platformFamily: string,
  /** `linux`, `macos` or `windows`. */
  platformOs: string,
};
