"""The machine that the server runs on, as an environment."""
