"""Layers of the model for all algorithms: forward and backward steps, and the buffers that they write to."""
