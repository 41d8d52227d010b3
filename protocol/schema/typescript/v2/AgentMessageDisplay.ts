// Generated from the message types of codex-trio. Do not edit.

/** How the producing client should show a moderated answer. Null parts were not given. */
export type AgentMessageDisplay = {
  action: string,
  blockType: string | null,
  cyberTrustedAccess: boolean | null,
  checkTrustedContacts: boolean | null,
};
