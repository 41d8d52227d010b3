"""Threads kept in memory and nowhere else."""
