"""Facts about what clients and the server did, for whoever counts them."""
