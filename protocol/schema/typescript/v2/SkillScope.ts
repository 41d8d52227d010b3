// Generated from the message types of codex-trio. Do not edit.

/** Where a skill comes from. */
export type SkillScope = "user" | "repo" | "system" | "admin";
