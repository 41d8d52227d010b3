"""Schema, TypeScript and reference pages, generated from the message types and the method table."""
