"""JavaScript in processes of its own."""
