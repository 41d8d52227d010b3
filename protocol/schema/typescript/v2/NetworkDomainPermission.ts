// Generated from the message types of codex-trio. Do not edit.

/** Whether a domain may be reached. */
export type NetworkDomainPermission = "allow" | "deny";
