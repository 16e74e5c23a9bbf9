"""Rules that say how many operations a NumPy call was; the convention is in ``call.py``."""
