"""Predictions beyond what was measured, and their inverse."""
