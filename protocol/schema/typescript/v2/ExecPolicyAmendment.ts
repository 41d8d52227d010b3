// Generated from the message types of codex-trio. Do not edit.

export type { ExecPolicyAmendment } from "../ExecPolicyAmendment";
