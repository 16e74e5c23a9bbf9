"""What is claimed of cost and of correctness."""
