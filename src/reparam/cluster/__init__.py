"""Jobs on many processes and machines: Dask's scheduler hands them out, and each runs in a process of its own.

Nothing here loads torch, so that a worker, which only starts jobs and waits for them, is small.
"""

from reparam.cluster.connect import opened
from reparam.cluster.pool import Ended, Job, Pool, SchedulerLost

__all__ = ["Ended", "Job", "Pool", "SchedulerLost", "opened"]
