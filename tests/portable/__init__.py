"""Results that hold on any machine: run by ``make test-portable``.

Another processor changes the last bits of powers, of exponentials and of what BLAS does; another
machine has other threads, another hash seed, locale and time zone. Nothing here may change a
printed digit, a verdict or a kept result because of that, and draws not a bit.

``settings`` names what is changed, ``facts`` tells whether a change took effect on this machine,
``probe`` is the quick science that is done under each of them, ``chapters`` runs a chapter as
committed, and ``hook`` disturbs every simulation by a thousand times what another processor does.
"""
