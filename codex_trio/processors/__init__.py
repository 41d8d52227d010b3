"""One module per command prefix: params to service calls to a response struct."""
