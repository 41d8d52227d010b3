"""Public fixtures: a scripted model server and friends."""
