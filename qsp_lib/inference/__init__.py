"""Fits, posteriors, profiles, rejection and sweeps; knows no model."""
