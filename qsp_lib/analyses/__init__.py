"""What is asked of the locked model: rescue, swap, robustness, identifiability, dose-response."""
