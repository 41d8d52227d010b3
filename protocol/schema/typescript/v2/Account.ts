// Generated from the message types of codex-trio. Do not edit.
import type { PlanType } from "../PlanType";

/** Who is logged in. */
export type Account = {
  "type": "apiKey",
} | {
  "type": "chatgpt",
  email: string | null,
  planType: PlanType,
  workspaceName: string | null,
} | {
  "type": "amazonBedrock",
  usesCodexManagedCredentials: boolean,
} | {
  "type": "gcp",
};
