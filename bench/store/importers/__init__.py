"""Importers: other people's tables and other tools' files as the same DataFrame."""
