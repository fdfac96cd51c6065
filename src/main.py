"""The documented entry points: `python -m src.main` (`host-pms sync`) and `src.main.lambda_handler`.

Both work from a checkout after `pip install -r requirements.txt` alone, so this file puts its own folder on
the path first.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from host_pms.lambda_handler import lambda_handler

__all__ = ["lambda_handler"]

if __name__ == "__main__":
    from host_pms.cli import main

    main(["sync", *sys.argv[1:]])
