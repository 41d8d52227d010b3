// Generated from the message types of codex-trio. Do not edit.

/** Programme under which a turn about security work is asked for; the provider decides whether it is granted. */
export type CyberAccessProgram = "standard" | "daybreakBlue" | "daybreakRed";
