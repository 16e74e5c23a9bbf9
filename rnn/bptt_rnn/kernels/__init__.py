"""Inner loops of the fused algorithm, compiled or in NumPy, and the threads that run them."""
