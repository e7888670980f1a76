def uninstall_hook(env):
    """Delete the jobs: queue_job would call their methods, which go away, for ever."""
    env["queue.job"].search([("channel", "=", "root.connectwise")]).unlink()
