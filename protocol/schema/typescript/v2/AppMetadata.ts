// Generated from the message types of codex-trio. Do not edit.
import type { AppReview } from "./AppReview";
import type { AppScreenshot } from "./AppScreenshot";

/** More about an app. Null where not told. */
export type AppMetadata = {
  review: AppReview | null,
  categories: Array<string> | null,
  subCategories: Array<string> | null,
  seoDescription: string | null,
  screenshots: Array<AppScreenshot> | null,
  developer: string | null,
  version: string | null,
  versionId: string | null,
  versionNotes: string | null,
  firstPartyRequiresInstall: boolean | null,
  showInComposerWhenUnlinked: boolean | null,
};
