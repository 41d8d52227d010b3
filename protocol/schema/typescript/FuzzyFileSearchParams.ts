// Generated from the message types of codex-trio. Do not edit.

/** Find files below some folders, best matches first. A new search with the same token ends the old one. */
export type FuzzyFileSearchParams = {
  query: string,
  roots: Array<string>,
  cancellationToken?: string | null,
};
