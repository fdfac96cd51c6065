"""`python -m host_pms` is `host-pms`."""

from host_pms.cli import main

if __name__ == "__main__":
    main()
