// Generated from the message types of codex-trio. Do not edit.
import type { ImageDetail } from "./ImageDetail";

/** One part of a tool's output, in the model API's form. */
export type FunctionCallOutputContentItem = {
  "type": "input_text",
  text: string,
} | {
  "type": "input_image",
  detail?: ImageDetail | null,
} & ({ image_url: string } | { file_id: string }) | {
  "type": "input_audio",
} & ({ audio_url: string } | { file_id: string }) | {
  "type": "encrypted_content",
  encrypted_content: string,
};
