// Generated from the message types of codex-trio. Do not edit.

/** How a host would be reached. */
export type NetworkApprovalProtocol = "http" | "https" | "socks5Tcp" | "socks5Udp";
