"""Values that every layer speaks: items and ids."""
