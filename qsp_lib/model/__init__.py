"""The model: equations, parameters, dosing, engines, trajectories, severity."""
