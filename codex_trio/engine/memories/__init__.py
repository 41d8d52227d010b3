"""What is remembered of threads: what models are asked for, and what is taken of their answers."""
