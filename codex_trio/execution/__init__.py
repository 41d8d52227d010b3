"""Processes: spawning, pseudo-terminals, bounded output, tree kill."""
