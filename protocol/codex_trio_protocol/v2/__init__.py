"""Message families of the second protocol generation: one module a family, loaded on first use."""
