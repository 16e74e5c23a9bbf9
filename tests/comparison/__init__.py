"""How often ``compare`` raises a false alarm, and how often it finds a term that got dearer: counted on real runs."""
