// Generated from the message types of codex-trio. Do not edit.
import type { SubAgentSource } from "../SubAgentSource";

/** The origins that carry more than a word. */
export type SessionSourceObject = { custom: string } | { subAgent: SubAgentSource };
