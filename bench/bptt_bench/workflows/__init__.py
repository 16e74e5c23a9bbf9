"""What a user does, one module each."""
