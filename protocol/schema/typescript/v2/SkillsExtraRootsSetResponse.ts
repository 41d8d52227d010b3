// Generated from the message types of codex-trio. Do not edit.

/** Answer to `skills/extraRoots/set`: it is done. */
export type SkillsExtraRootsSetResponse = Record<string, never>;
