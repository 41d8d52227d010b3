// Generated from the message types of codex-trio. Do not edit.

/** Whose name the login page shows. */
export type LoginAppBrand = "codex" | "chatgpt";
