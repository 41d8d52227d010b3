// Generated from the message types of codex-trio. Do not edit.
import type { AuthMode } from "./AuthMode";

/** How the server is logged in; a null method means not at all. */
export type GetAuthStatusResponse = {
  authMethod: AuthMode | null,
  authToken: string | null,
  requiresOpenaiAuth: boolean | null,
};
