// Generated from the message types of codex-trio. Do not edit.
import type { InstalledApp } from "./InstalledApp";

/** The apps that are set up. */
export type AppsInstalledResponse = {
  apps: Array<InstalledApp>,
};
