"""Show one world and its plan, and examine it: `python -m tests.hostile SEED`."""

import sys
from pprint import pformat

from bridge.container import from_inspect
from bridge.planning import plan
from tests.hostile.checks import examine
from tests.hostile.labels import world
from tests.lab import parts

if __name__ == "__main__":
    seed = int(sys.argv[1])
    for host in world(seed):
        print(pformat(host.options), pformat(host.inspected), sep="\n")
        print(pformat(plan([from_inspect(inspected) for inspected in host.inspected], host.options, "traefik")))
    examine(seed, 1, parts.decoders())
