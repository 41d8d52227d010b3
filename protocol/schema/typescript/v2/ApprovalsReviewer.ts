// Generated from the message types of codex-trio. Do not edit.

/**
 * Who decides on approval requests: the user's client, or a reviewing sub-agent (`guardian_subagent` is its older
 * name).
 */
export type ApprovalsReviewer = "user" | "auto_review" | "guardian_subagent";
