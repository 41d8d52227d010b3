"""The patch language of the `apply_patch` tool: parsing, checking against files, applying."""
