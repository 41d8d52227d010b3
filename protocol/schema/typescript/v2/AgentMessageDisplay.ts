// Generated from the message types of codex-trio. Do not edit.
import type { AnswerAnnotation } from "./AnswerAnnotation";
import type { AnswerReplacement } from "./AnswerReplacement";
import type { BlockReason } from "./BlockReason";
import type { LegacyAgentMessageDisplay } from "./LegacyAgentMessageDisplay";
import type { TrustedContacts } from "./TrustedContacts";

/** How the producing client should show a moderated answer; passed through. */
export type AgentMessageDisplay = {
  "mode": "show",
  version: 1,
  trustedContacts: TrustedContacts,
  annotation?: AnswerAnnotation | null,
} | {
  "mode": "hide",
  version: 1,
  replacement: AnswerReplacement,
} | {
  "mode": "block",
  version: 1,
  reason: BlockReason,
} | LegacyAgentMessageDisplay;
