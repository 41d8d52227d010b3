"""Threads as the layers above see them, stored: finding, listing, searching and changing them, and who started whom."""
