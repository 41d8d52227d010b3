"""A Trio client for any app-server: over a child process's stdio (`process`) or any message channel (`connection`)."""
