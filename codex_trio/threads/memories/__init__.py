"""What is remembered of threads: when it is worked on, and by whom."""
