"""Who this server and its user are: installation, accounts, credentials."""
