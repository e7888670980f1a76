def uninstall_hook(env):
    """Delete the jobs. Without this addon, queue_job would retry them for ever."""
    env["queue.job"].search([("channel", "=", "root.connectwise")]).unlink()
