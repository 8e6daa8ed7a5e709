"""``python -m signalwire_client.testing``: the gateway, with the options of ``sw-gateway``."""

from __future__ import annotations

import subprocess
import sys

from . import GatewayError, find_gateway


def main() -> int:
    """Runs the gateway until it is interrupted, and gives its exit code."""
    try:
        return subprocess.run([find_gateway(), *sys.argv[1:]], check=False).returncode
    except GatewayError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
