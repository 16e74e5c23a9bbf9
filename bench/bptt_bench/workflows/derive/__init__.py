"""Exact laws derived from code: the derivation, its document, and experiments whose law is derived."""
