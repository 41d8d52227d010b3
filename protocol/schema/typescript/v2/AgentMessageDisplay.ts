// Generated from the message types of codex-trio. Do not edit.
import type { BlockReason } from "./BlockReason";
import type { HelplineSubject } from "./HelplineSubject";
import type { LegacyAgentMessageDisplay } from "./LegacyAgentMessageDisplay";
import type { TrustedContacts } from "./TrustedContacts";

/** How the producing client should show a moderated answer; passed through. */
export type AgentMessageDisplay = {
  "mode": "show",
  version: 1,
  trustedContacts: TrustedContacts,
  annotation?: {
  "kind": "wellbeingHelpline",
  subject: HelplineSubject,
} | null,
} | {
  "mode": "hide",
  version: 1,
  replacement: {
  "kind": "wellbeingPromptHelpline",
},
} | {
  "mode": "block",
  version: 1,
  reason: BlockReason,
} | LegacyAgentMessageDisplay;
