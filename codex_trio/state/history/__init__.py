"""What the lines of a rollout add up to, and recording more of them."""
