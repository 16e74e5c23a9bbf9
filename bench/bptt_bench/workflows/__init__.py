"""Workflows: one module for each thing that a user does."""
