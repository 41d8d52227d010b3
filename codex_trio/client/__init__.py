"""A Trio client for any app-server: on stdio (`process`), a socket (`remote`) or any message channel (`connection`)."""
