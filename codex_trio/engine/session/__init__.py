"""One thread's agent: what it remembers, what it runs with, what it has used, and the task that runs."""
