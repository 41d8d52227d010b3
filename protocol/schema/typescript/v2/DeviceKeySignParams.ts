// Generated from the message types of codex-trio. Do not edit.
import type { DeviceKeySignPayload } from "./DeviceKeySignPayload";

/**
 * Sign one of the known statements with a key.
 *
 * Errors: -32600 naming the rule that the payload breaks, for an unknown key, and when the key is bound to another
 * account or client; -32603 when signing fails.
 */
export type DeviceKeySignParams = {
  keyId: string,
  payload: DeviceKeySignPayload,
};
