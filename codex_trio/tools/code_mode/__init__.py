"""Code mode: the model writes a script, and the script calls the tools."""
