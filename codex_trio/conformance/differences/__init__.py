"""Where a known server differs from what a scenario asks, and why.

A scenario says what a client can rely on. A server that is known to do otherwise is listed here with the reason; the
scenario then has to fail on it, and an entry that no longer applies fails the run. Owns the lists; `listed` has all.
"""
