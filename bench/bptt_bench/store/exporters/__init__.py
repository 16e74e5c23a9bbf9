"""Exporters: the tidy frame as what other programs read. What one writes, its importer reads back."""
