"""Readers of the exports in other tools; they are run where qsp_lib is not installed."""
