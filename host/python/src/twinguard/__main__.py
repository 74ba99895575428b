"""`python -m twinguard` is the command `twinguard`."""

import sys

from twinguard._command import main

sys.exit(main())
