// Generated from the message types of codex-trio. Do not edit.

/** The file in base64. */
export type FsReadFileResponse = {
  dataBase64: string,
};
