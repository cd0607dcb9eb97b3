"""The local stack, whose schedules have half a second instead of a minute."""

from infra.local import stack
from infra.local.__main__ import main

if __name__ == "__main__":
    stack.SECONDS_A_MINUTE = 0.5
    main()
