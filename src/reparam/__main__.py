"""``python -m reparam``: the command where its script is not on the path."""

import sys

from reparam.cli.main import main

sys.exit(main())
