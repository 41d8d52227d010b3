// Generated from the message types of codex-trio. Do not edit.

/** Skill files have changed; lists are out of date. */
export type SkillsChangedNotification = Record<string, never>;
