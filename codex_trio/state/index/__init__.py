"""What the state database says about rollout files: filling it, keeping it true, and asking it."""
