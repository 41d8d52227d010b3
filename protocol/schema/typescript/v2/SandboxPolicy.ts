// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { NetworkAccess } from "./NetworkAccess";

/** What commands of a thread may touch. */
export type SandboxPolicy = {
  "type": "dangerFullAccess",
} | {
  "type": "readOnly",
  networkAccess: boolean,
} | {
  "type": "externalSandbox",
  networkAccess: NetworkAccess,
} | {
  "type": "workspaceWrite",
  writableRoots: Array<AbsolutePathBuf>,
  networkAccess: boolean,
  /** Keep `$TMPDIR` read-only too. */
  excludeTmpdirEnvVar: boolean,
  /** Keep `/tmp` read-only too. */
  excludeSlashTmp: boolean,
};
