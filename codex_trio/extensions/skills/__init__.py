"""Skills: instructions in files that a user, a project or this server brings along for the model."""
