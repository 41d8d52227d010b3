// Generated from the message types of codex-trio. Do not edit.

/** One part of what a client's tool gives back. */
export type DynamicToolCallOutputContentItem = {
  "type": "inputText",
  text: string,
} | {
  "type": "inputImage",
  imageUrl: string,
} | {
  "type": "inputAudio",
  audioUrl: string,
};
