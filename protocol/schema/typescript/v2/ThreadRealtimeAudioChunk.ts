// Generated from the message types of codex-trio. Do not edit.

/** Sound in base64 PCM. Null where the sender does not count samples or name an item. */
export type ThreadRealtimeAudioChunk = {
  data: string,
  sampleRate: number,
  numChannels: number,
  samplesPerChannel?: number | null,
  itemId?: string | null,
};
