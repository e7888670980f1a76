from . import test_prefetch_jobs, test_sync_jobs
