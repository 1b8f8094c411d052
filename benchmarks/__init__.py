"""Speed of the robustness ensemble, side by side with the same work done by other solvers.

``make bench`` measures and writes ``benchmarks/results.json``, from which the book's page is made.
``problem`` is the one definition of what is asked; ``engines`` has a module for each way to do it;
``measure`` is one run in a fresh process; ``floor`` is what the evaluations of the right-hand side
alone would take; ``run`` puts it together.
"""
