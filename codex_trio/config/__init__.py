"""Configuration layers, overrides, trust and their problems."""
