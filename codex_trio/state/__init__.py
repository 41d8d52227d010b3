"""What is remembered: rollout files and the items in them."""
