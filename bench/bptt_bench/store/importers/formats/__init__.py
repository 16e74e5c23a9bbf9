"""One importer for each file format."""
