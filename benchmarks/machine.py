"""What a figure was measured on."""

import os
import platform


def machine() -> dict[str, object]:
    """Python, the system, how many cores, and what else they did in the last quarter of an hour."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
    }
