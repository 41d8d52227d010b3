// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "./AbsolutePathBuf";

/** A picture that was read for a generation, with the digest of its bytes in lower-case hex. */
export type ImageGenerationInputImage = {
  path: AbsolutePathBuf,
  sha256: string,
};
