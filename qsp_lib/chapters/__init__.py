"""What a notebook imports, and running the notebooks."""
