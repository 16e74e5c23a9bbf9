"""How often ``compare`` raises a false alarm, and how often it finds a term that got slower: counted on real runs."""
