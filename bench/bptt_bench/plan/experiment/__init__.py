"""Subjects and experiments, and the builder that makes an experiment in a few lines."""
