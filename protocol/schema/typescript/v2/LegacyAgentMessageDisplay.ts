// Generated from the message types of codex-trio. Do not edit.

/** The older form. Null parts were not given. */
export type LegacyAgentMessageDisplay = {
  action: string,
  blockType?: string | null,
  cyberTrustedAccess?: boolean | null,
  checkTrustedContacts?: boolean | null,
};
