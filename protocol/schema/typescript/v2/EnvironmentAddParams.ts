// Generated from the message types of codex-trio. Do not edit.
import type { EnvironmentSkillsParams } from "./EnvironmentSkillsParams";

/**
 * Make a machine known by its exec-server's address, or change one.
 *
 * Errors: -32600 for an unusable address.
 */
export type EnvironmentAddParams = {
  environmentId: string,
  execServerUrl: string,
  authBearerToken?: string | null,
  websocketRequestId?: string | null,
  /** In milliseconds; null is the usual limit. */
  connectTimeoutMs?: number | null,
  skills?: EnvironmentSkillsParams | null,
};
