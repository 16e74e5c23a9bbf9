"""Reading foreign text: bounded, located, named."""
