"""Carriers of whole messages; they know no JSON-RPC."""
