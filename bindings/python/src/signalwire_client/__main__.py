"""``python -m signalwire_client``: a phone for the command line. Try ``--help``."""

from __future__ import annotations

import sys

from ._softphone.main import main

if __name__ == "__main__":
    sys.exit(main())
