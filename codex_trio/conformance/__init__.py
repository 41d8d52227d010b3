"""A pytest plugin and scenarios that judge any app-server over stdio, with a scripted model behind it."""
