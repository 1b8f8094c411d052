"""Building, checking and printing the site."""
