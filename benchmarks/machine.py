"""What a figure was measured on."""

import os
import platform


def machine() -> dict[str, object]:
    """Python, the system, and how many cores."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
