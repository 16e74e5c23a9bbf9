"""`bptt-bench`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # Python looks for modules in the current folder first, and a folder of results that somebody sent may hold a
        # file `pandas.py`. Whatever imports an experiment puts the folder back.
        del sys.path[0]
    from bptt_bench.cli.main import main

    main()
