"""The prediction for a drug of one's own."""
