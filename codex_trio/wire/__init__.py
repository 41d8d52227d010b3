"""Values of the engine and of what is stored as structs of the protocol."""
