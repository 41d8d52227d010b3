"""From bytes to a processor and back: codec, connection, dispatcher, scheduler, outgoing messages."""
