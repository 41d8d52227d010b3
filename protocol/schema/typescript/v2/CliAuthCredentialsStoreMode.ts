// Generated from the message types of codex-trio. Do not edit.

/** Where credentials are kept. */
export type CliAuthCredentialsStoreMode = "file" | "keyring" | "auto" | "ephemeral";
