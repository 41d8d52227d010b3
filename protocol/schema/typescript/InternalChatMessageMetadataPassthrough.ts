// Generated from the message types of codex-trio. Do not edit.

/** Data that goes along to the provider. */
export type InternalChatMessageMetadataPassthrough = {
  turn_id?: string | null,
};
