"""Small programs that a user would copy."""
