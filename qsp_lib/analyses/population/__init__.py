"""Virtual patients nested in draws of the posterior: drawn, simulated, weighted, and read."""
