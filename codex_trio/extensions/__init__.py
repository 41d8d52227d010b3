"""What a user or a project brings along for an agent: so far the servers of the Model Context Protocol."""
