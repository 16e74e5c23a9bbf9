"""How far predictions miss, on simulated laws and on measured tables, beside other tools."""
