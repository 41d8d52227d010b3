"""Which commands run unasked: bash parsing, rules, known-safe commands."""
