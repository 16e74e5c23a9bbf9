"""Samples, responses, categories and tables of visits."""
