"""Fitting a law to samples."""
