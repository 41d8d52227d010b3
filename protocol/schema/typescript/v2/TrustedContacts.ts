// Generated from the message types of codex-trio. Do not edit.

/** Whether people whom the user trusts may be told. */
export type TrustedContacts = "check" | "skip";
