"""What claims are judged on: fits, pairs and categories."""
