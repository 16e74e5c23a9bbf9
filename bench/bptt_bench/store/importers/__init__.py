"""Importers: other people's tables and other tools' files as the same DataFrame.

``detect`` tells by content what a file is, and hands it to the reader of its format. What all readers give is said in
``table``: one row a sample, a column for each factor and each response, seconds in ``seconds_per_eval``.
"""
