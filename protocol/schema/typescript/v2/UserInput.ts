// Generated from the message types of codex-trio. Do not edit.
import type { ImageDetail } from "../ImageDetail";
import type { TextElement } from "./TextElement";

/** One part of what the user says in a turn. */
export type UserInput = {
  "type": "text",
  text: string,
  text_elements: Array<TextElement>,
} | {
  "type": "image",
  detail?: ImageDetail | null,
} & ({ url: string } | { fileId: string }) | {
  "type": "localImage",
  detail?: ImageDetail | null,
  path: string,
} | {
  "type": "audio",
} & ({ url: string } | { fileId: string }) | {
  "type": "localAudio",
  path: string,
} | {
  "type": "skill",
  name: string,
  path: string,
} | {
  "type": "mention",
  name: string,
  path: string,
};
