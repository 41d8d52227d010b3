// Generated from the message types of codex-trio. Do not edit.
import type { BlobResourceContent } from "./v2/BlobResourceContent";
import type { TextResourceContent } from "./v2/TextResourceContent";

/** Content of a resource, passed through. */
export type ResourceContent = TextResourceContent | BlobResourceContent;
