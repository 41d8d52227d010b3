// Generated from the message types of codex-trio. Do not edit.

/** Trace context that a client may attach to a request, in the form of the W3C headers of the same names. */
export type W3cTraceContext = {
  traceparent: string | null,
  tracestate: string | null,
};
