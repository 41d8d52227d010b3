// Generated from the message types of codex-trio. Do not edit.
import type { RemoteControlClientsListOrder } from "./RemoteControlClientsListOrder";

/**
 * List the devices that may control an environment.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type RemoteControlClientsListParams = {
  environmentId: string,
  cursor?: string | null,
  limit?: number | null,
  order?: RemoteControlClientsListOrder | null,
};
