"""Factors, levels, points, designs and profiles."""
